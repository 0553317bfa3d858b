/** @module The packed package in this very Node: every entry loads, by `import` and by `require()`, silently. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Consumer, createConsumer, peers } from './consumer.js'

let bare: Consumer
let complete: Consumer

beforeAll(async () => {
  bare = await createConsumer()
  complete = await createConsumer(peers())
})
afterAll(async () => {
  await bare.remove()
  await complete.remove()
})

const print = 'console.log(JSON.stringify(Object.keys(loaded).filter((name) => name !== "default").sort()))'

async function namesOf(
  consumer: Consumer,
  kind: 'import' | 'require',
  specifier: string,
): Promise<readonly string[]> {
  const outcome =
    kind === 'import'
      ? await consumer.node('load.mjs', `import * as loaded from '${specifier}'\n${print}`)
      : await consumer.node('load.cjs', `const loaded = require('${specifier}')\n${print}`)
  expect({ specifier, kind, code: outcome.code, stderr: outcome.stderr }).toEqual({
    specifier,
    kind,
    code: 0,
    stderr: '',
  })
  return JSON.parse(outcome.stdout)
}

it('loads the core without any optional peer', async () => {
  const names = await namesOf(bare, 'import', 'citizen-session')
  expect(names).toEqual(expect.arrayContaining(['createSuite', 'memoryStore', 'sensitivities']))
  expect(await namesOf(bare, 'require', 'citizen-session')).toEqual(names)
})

it('loads every entry by import and by require(), with the same names', async () => {
  expect(complete.specifiers).toContain('citizen-session/express')
  for (const specifier of complete.specifiers) {
    const names = await namesOf(complete, 'import', specifier)
    expect([specifier, names.length]).not.toEqual([specifier, 0])
    expect(await namesOf(complete, 'require', specifier)).toEqual(names)
  }
})

it('has no entry beyond those of package.json', async () => {
  const { code, stderr } = await bare.node('inner.mjs', "import 'citizen-session/dist/src/index.js'")
  expect(code).toBe(1)
  expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
})
