/** @module The demo with its third application, on Next.js, in a process of its own. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, run } from '../../examples/set-up.mjs'
import { demoEnvironment, launchDemo } from './demo-process.js'

const patience = 240_000
const start = join(root, 'examples/demo/start.mjs')

it('walks through all three applications, and builds the one on Next.js once', {
  timeout: patience,
}, async () => {
  for (const time of ['first', 'again']) {
    const { code, output } = await run(process.execPath, [start, '--walk'], { env: demoEnvironment() })
    expect(output).toMatch(/^walk: \d+ steps, 0 failed$/m)
    expect(output).toMatch(/permits\.citizen\.localhost:\d+ +public, ends after 80 s/)
    expect(output).toMatch(/ok +Press "Sign out everywhere" at Permits$/m)
    expect(output).not.toMatch(/eyJ|[\w-]{32,}/)
    if (time === 'again') expect(output).not.toContain('building Permits')
    expect(code).toBe(0)
  }
})

it('ends Permits when it is interrupted', { timeout: patience }, async () => {
  const demo = await launchDemo(['--port', '0'])
  expect(demo.greeting).toMatch(/permits\.citizen\.localhost:\d+ +public, ends after 28800 s .*\(Next\.js\)/)
  const home = `http://127.0.0.1:${new URL(demo.permits).port}/`
  expect((await fetch(home)).status).toBe(200)
  expect(await demo.interrupt()).toBe(0)
  await expect(fetch(home)).rejects.toThrow()
})
