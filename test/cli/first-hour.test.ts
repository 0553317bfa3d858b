/** @module What somebody meets in the first hour at the command line. */
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { wrap } from '../../src/cli/print.js'
import { runCommandLine } from '../../src/cli/run.js'
import { createSuite } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'

afterEach(() => vi.unstubAllEnvs())

async function run(
  args: readonly string[],
  more: { readonly columns?: number; readonly isColoured?: boolean } = {},
) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stop: new AbortController().signal,
    ...more,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

it.each(['--version', '-v', 'version'])('FLD-09 %s says which version this is', async (name) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(await run([name])).toEqual({ code: 0, out: version, err: '' })
})

describe('FLD-09 a command that is none', () => {
  it.each([
    ['docter', 'did you mean doctor?'],
    ['emu', '"emu" is not a command\n'],
    ['regist', 'did you mean registration?'],
    ['key', 'did you mean keys?'],
    ['serve', '"serve" is not a command\n'],
    ['\u001b[31mred', '"\\u001b[31mred" is not a command'],
  ])('%s', async (name, words) => {
    const { code, err } = await run([name])
    expect(code).toBe(2)
    expect(err).toContain(words)
  })
})

describe('FLD-09 doctor', () => {
  it('begins with whether anything failed, and which checks', async () => {
    vi.stubEnv('CITIZEN_APPLICATION_URL', 'nowhere')
    const { code, out } = await run(['doctor'])
    expect(code).toBe(1)
    expect(out.split('\n')[0]).toMatch(/^\d+ failed: configuration\.$/)
  })

  it('wraps its lines at the width of the terminal, under their text', async () => {
    vi.stubEnv('CITIZEN_APPLICATION_URL', 'nowhere')
    const { out } = await run(['doctor'], { columns: 80, isColoured: true })
    const lines = stripVTControlCharacters(out).split('\n')
    const first = lines.findIndex((line) => line.startsWith('fail '))
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines[first + 1]).toMatch(/^ {20,30}\S/)
    const inOne = await run(['doctor'])
    const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ')
    expect(squeezed(stripVTControlCharacters(out))).toBe(squeezed(inOne.out))
  })

  it.each([
    ['a b', 1, ['a b']],
    [`${'a'.repeat(30)} ${'b'.repeat(30)}`, 40, ['a'.repeat(30), 'b'.repeat(30)]],
    [`x ${'a'.repeat(100)} y`, 50, ['x', 'a'.repeat(100), 'y']],
    ['', 80, ['']],
  ])('a text %j in %i characters', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines)
  })
})

describe('FLD-09 registration', () => {
  it('begins with the shared cookie', async () => {
    vi.stubEnv('CITIZEN_APPLICATION_URL', 'https://benefits.example.gov')
    vi.stubEnv('CITIZEN_SHARED_COOKIE_DOMAIN', 'example.gov')
    const { out } = await run(['registration'])
    expect(out).toMatch(/^Shared cookie\n/)
    expect(out).toMatch(/https:\/\/benefits\.example\.gov\/session\/return/)
    expect(out).toMatch(/Domain of the cookies +example\.gov\n/)
    expect(out).toMatch(/iss sub iat exp jti mfaRequired isMfa isDidAuth/)
    const only = await run(['registration', '--shared-cookie', '--json'])
    expect(Object.keys(JSON.parse(only.out) as object)).toEqual(['sharedCookie'])
  })
})

describe('FLD-09 the emulator', () => {
  it.each([[[]], [['--host-only']]])('prints variables that work as they are pasted: %j', async (more) => {
    const controller = new AbortController()
    const lines: string[] = []
    let printed = (): void => undefined
    const ready = new Promise<void>((resolve) => {
      printed = resolve
    })
    const code = runCommandLine(['emulator', '--port', '0', ...more], {
      out: (line) => {
        lines.push(line)
        printed()
      },
      err: () => undefined,
      stop: controller.signal,
    })
    await ready
    const variables = Object.fromEntries(
      [...(lines[0] ?? '').matchAll(/^(CITIZEN_\w+)=(\S+)$/gm)].map(([, name = '', value]) => [name, value]),
    )
    expect(Object.keys(variables)).toHaveLength(5)
    // Node's own resolver: the keys are fetched from an address that needs none.
    const suite = createSuite({ onEvent: () => undefined }, variables)
    const provider = String(variables.CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL)
    const form = new URLSearchParams({ username: 'ana', password: 'ana-password' })
    const signedIn = await fetch(`${provider}/login`, { method: 'POST', body: form, redirect: 'manual' })
    const cookie = signedIn.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const page = {
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
      cookie,
    }
    const request = new Request(String(variables.CITIZEN_APPLICATION_URL), { headers: page })
    expect(await suite.authenticate(new TestExchange(request))).toMatchObject({ state: 'active' })
    await suite.close()
    controller.abort()
    expect(await code).toBe(0)
  })
})
