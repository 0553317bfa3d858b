/** @module The packed package in this very Node: every entry loads, by `import` and by `require()`, silently. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
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

it('the command says in a line that its output cannot be written, and nothing where nobody reads on', async () => {
  const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
  const run = (line: string) =>
    spawnSync('bash', ['-c', line, process.execPath, command], { encoding: 'utf8' })
  const full = run('"$0" "$1" keys --help > /dev/full')
  expect([full.status, full.stderr]).toEqual([1, 'citizen-session: the output cannot be written (ENOSPC)\n'])
  const left = run('set -o pipefail; "$0" "$1" keys --help | true')
  expect([left.status, left.stderr]).toEqual([0, ''])
})

it('loads every entry by import and by require(), with the same names', async () => {
  expect(complete.specifiers).toContain('citizen-session/express')
  for (const specifier of complete.specifiers) {
    const names = await namesOf(complete, 'import', specifier)
    expect([specifier, names.length]).not.toEqual([specifier, 0])
    expect(await namesOf(complete, 'require', specifier)).toEqual(names)
  }
})

/** A whole sign-in in an application of a user's own: an emulated identity provider without a port, and Express. */
const application = `
async function main() {
  const emulator = await createEmulator({ url: 'https://id.citizen.localhost' })
  const app = express()
  app.use(citizenSession({
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: 'citizen.localhost' },
    application: { id: 'benefits', url: 'https://benefits.citizen.localhost' },
    fetch: emulator.fetch,
  }))
  app.get('/', requireCitizen(), (req, res) => { res.json(req.citizen.claims.sub) })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const cookie = await emulator.cookiesFor('ana')
  const statuses = []
  for (const headers of [{}, { cookie }, { cookie: cookie + 'x' }]) {
    const response = await fetch('http://127.0.0.1:' + server.address().port, { headers })
    statuses.push(response.status, response.ok ? await response.json() : (await response.json()).code)
  }
  console.log(JSON.stringify(statuses))
  server.close()
  await emulator.close()
}
main()`

it.each([
  [
    'app.mjs',
    "import express from 'express'",
    "import { citizenSession, requireCitizen } from 'citizen-session/express'",
    "import { createEmulator } from 'citizen-session/emulator'",
  ],
  [
    'app.cjs',
    "const express = require('express')",
    "const { citizenSession, requireCitizen } = require('citizen-session/express')",
    "const { createEmulator } = require('citizen-session/emulator')",
  ],
])('signs a person in, in %s of a user', async (name, ...imports) => {
  const { code, stdout, stderr } = await complete.node(name, imports.join('\n') + application)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual([401, 'login-required', 200, expect.any(String), 401, 'login-required'])
})

it('has no entry beyond those of package.json', async () => {
  const { code, stderr } = await bare.node('inner.mjs', "import 'citizen-session/dist/src/index.js'")
  expect(code).toBe(1)
  expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
})
