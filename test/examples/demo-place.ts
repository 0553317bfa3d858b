/** @module The demo in a process of its own, and for each test a person in a browser of their own, whose pages complain of nothing. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { launchDemo, type RunningDemo } from './demo-process.js'
import { type Visit, visit } from './demo-visit.js'

export let browser: Browser
export let demo: RunningDemo
export let person: Visit

/** Starts them for the tests of a file, and ends them. `argv`: besides the port. */
export function openDemo(...argv: readonly string[]): void {
  beforeAll(async () => {
    browser = await launchChromium()
    demo = await launchDemo(['--port', '0', ...argv])
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    if (demo) expect(await demo.interrupt()).toBe(0)
  })
  beforeEach(async () => {
    person = await visit(browser)
  })
  afterEach(async () => {
    await person.context.close()
    expect(person.complaints).toEqual([])
  })
}
