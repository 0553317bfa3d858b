import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { root, run } from '../../examples/set-up.mjs'
import { demoEnvironment, launchDemo } from './demo-process.js'

const patience = 120_000
const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
  // `run` adds to the environment of this process: what must not be there is set to nothing.
  const cleared = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]))
  return run(process.execPath, [`${root}/examples/demo/start.mjs`, ...args], {
    env: { ...cleared, ...demoEnvironment(more) },
  })
}

it('walks through itself without a failure', { timeout: patience }, async () => {
  const { code, output } = await start(['--walk', '--without-next'])
  expect(output).toMatch(/^walk: \d+ steps, 0 failed$/m)
  expect(output).not.toContain('FAILED')
  expect(output).toMatch(/ok +Press "Sign out everywhere" at Registry$/m)
  expect(code).toBe(0)
  // Names and attributes, but no part of a token.
  expect(output).toContain('c1_payload  Domain=citizen.localhost; Path=/; SameSite=Lax')
  expect(output).not.toMatch(/eyJ|[\w-]{32,}/)
})

it('walks without Registry where xml-crypto is not installed, and says what to install', {
  timeout: patience,
}, async () => {
  const hook = `import Module from 'node:module'
    const resolve = Module._resolveFilename
    Module._resolveFilename = (name, ...others) => {
      if (name !== 'xml-crypto') return resolve(name, ...others)
      throw Object.assign(new Error('not installed here'), { code: 'MODULE_NOT_FOUND' })
    }`
  const { code, output } = await start(['--walk', '--without-next'], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
  })
  expect(output).toContain('Registry is left out: SAML needs the package xml-crypto: npm install xml-crypto')
  expect(output).not.toMatch(/registry\.citizen\.localhost/)
  expect(output).toMatch(/^walk: \d+ steps, 0 failed$/m)
  expect(code).toBe(0)
})

it('says where it is and who can sign in, and stops when it is interrupted', {
  timeout: patience,
}, async () => {
  const demo = await launchDemo(['--port', '0', '--without-next'])
  expect(demo.provider).toMatch(/^http:\/\/id\.citizen\.localhost:\d+$/)
  expect(demo.greeting).toContain('password ana-password')
  expect(demo.greeting).toMatch(/benefits\.citizen\.localhost:\d+ +sensitive, ends after 600 s/)
  expect(demo.greeting).toMatch(/library\.citizen\.localhost:\d+ +basic, ends after 3600 s/)
  expect(demo.greeting).toMatch(/registry\.citizen\.localhost:\d+ +basic, ends after 3600 s .*\(SAML\)/)
  expect(demo.permits).toBe('')
  expect(await demo.interrupt()).toBe(0)
})

it('says what to do where it cannot start', { timeout: patience }, async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const rows: readonly (readonly [readonly string[], Readonly<Record<string, string>>, RegExp])[] = [
    [['--port', String(port)], {}, new RegExp(`port ${port} is taken: give another with --port`)],
    [['--port', 'abc'], {}, /"abc" is no port/],
    [['--fast'], {}, /Unknown option '--fast'/],
    [['--walk'], { NODE_ENV: 'production' }, /does not start with NODE_ENV=production/],
    [
      ['--walk'],
      { CITIZEN_REDIS_URL: `redis://127.0.0.1:1` },
      /the Redis of CITIZEN_REDIS_URL does not answer/,
    ],
  ]
  for (const [args, environment, message] of rows) {
    const { code, output } = await start([...args, '--without-next'], environment)
    expect(output).toMatch(message)
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
  }
  server.close()
})
