/** @module Every module for relying parties of the OpenID certification, over real HTTP; the list is whole. */
import { expect, it } from 'vitest'
import * as express from '../../../adapters/express.js'
import * as fetchAdapter from '../../../adapters/fetch.js'
import { memoryStore } from '../../../src/index.js'
import { oidc } from '../../../src/oidc/oidc.js'
import { modules } from './modules.js'
import { otherModules, plans } from './plans.js'
import { runModules } from './run-modules.js'

runModules(() => ({ express, fetch: fetchAdapter, oidc, memoryStore }))

it('runs all 52 of Basic, Form Post, Config, Refresh and Logout, and knows of every other', () => {
  const counts: Record<string, number> = {}
  for (const { profile, modules: names } of plans) {
    counts[profile] = (counts[profile] ?? 0) + names.length
    expect(names.filter((name) => modules[name] === undefined || 'reason' in modules[name])).toEqual([])
  }
  expect(counts).toEqual({ Basic: 14, 'Form Post': 15, Config: 6, Refresh: 3, Logout: 14 })
  const inPlans = new Set(plans.flatMap((plan) => plan.modules))
  expect(Object.keys(modules).sort()).toEqual([...inPlans, ...otherModules].sort())
  expect(Object.keys(modules)).toHaveLength(57)
})
