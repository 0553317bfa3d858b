/** @module Secrets of the suite in files: what a variable may say, a file that another variable names may hold. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { variableOf } from '../../src/config/environment.js'
import { optionsByPath } from '../../src/config/option.js'
import { optionTable } from '../../src/config/options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { ConfigurationError } from '../../src/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'citizen-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))
let serial = 0
const fileWith = (text: string): string => {
  serial += 1
  const path = join(folder, `secret-${serial}`)
  writeFileSync(path, text)
  return path
}

const newest = 'the newest secret of thirty-two bytes or more'
const older = 'an older secret of thirty-two bytes or more'
const texts = {
  store: 'redis://ana:a-password@127.0.0.1:6379',
  revocations: 'rediss://ana:a-password@redis.example.gov',
  'events.personKey': newest,
  'application.secrets': `${newest}, ${older}`,
  'routes.gate.secret': 'the-newest-secret-of-a-proxy-of-32-bytes,an-older-secret-of-a-proxy-of-32-bytes',
} as const
const cases = Object.entries(texts).map(([path, text]) => ({ path, text, variable: variableOf(path) }))

const around = {
  CITIZEN_IDENTITY_PROVIDER_URL: 'https://id.example.gov',
  CITIZEN_SHARED_COOKIE_DOMAIN: 'example.gov',
  CITIZEN_APPLICATION_ID: 'benefits',
  CITIZEN_APPLICATION_URL: 'https://benefits.example.gov',
  CITIZEN_APPLICATION_SECRETS: newest,
}
const functions = { clock: () => 0, fetch, random: (bytes: number) => new Uint8Array(bytes) }
/** The options by this variable; what else there is does not say the same. */
const resolveWith = (variable: string, environment: Record<string, string>) => {
  const rest = Object.fromEntries(Object.entries(around).filter(([name]) => name !== variable))
  return resolveOptions(functions, { ...rest, ...environment })
}
const problemsOf = (variable: string, environment: Record<string, string>) => {
  try {
    resolveWith(variable, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems.map((problem) => `${problem.variable} ${problem.message}`)
  }
}

it('FLD-09 each option that is a secret, or may hold one, may be in a file, and no other', () => {
  const inFiles = [...optionsByPath(optionTable)].filter(([, { kind }]) => kind.isInFile === true)
  expect(inFiles.map(([path]) => path).sort()).toEqual(Object.keys(texts).sort())
})

describe.each(cases)('$variable', ({ text, variable }) => {
  it('FLD-09 means the same in a file, with a byte order mark and a line break or not', () => {
    const byVariable = resolveWith(variable, { [variable]: text })
    for (const written of [text, `\ufeff${text}\n`, `\r\n${text}\r\n`]) {
      expect(resolveWith(variable, { [`${variable}_FILE`]: fileWith(written) })).toEqual(byVariable)
    }
  })

  it('FLD-09 is refused beside its file, and no message repeats what is secret', () => {
    const both = { [variable]: text, [`${variable}_FILE`]: fileWith(text) }
    expect(problemsOf(variable, both)).toEqual([expect.stringContaining('and not both')])
    const wrong = 'a-precious-text'
    const problems = problemsOf(variable, { [`${variable}_FILE`]: fileWith(wrong) })
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${variable}_FILE write `))])
    expect(problems.join()).not.toContain(wrong)
    expect(problemsOf(variable, { [`${variable}_FILE`]: join(folder, 'nowhere') })).toEqual([
      `${variable}_FILE names a file that cannot be read (ENOENT)`,
    ])
  })
})

it.each([
  ['one a line', `${newest}\n${older}\n`],
  ['one a line, with empty lines between', `\n${newest}\r\n\r\n${older}\r\n\r\n`],
  ['separated by commas', `${newest},${older}`],
])('several secrets in a file are taken as they stand, the newest first: %s', (_what, text) => {
  const environment = { CITIZEN_APPLICATION_SECRETS_FILE: fileWith(text) }
  const { application } = resolveWith('CITIZEN_APPLICATION_SECRETS', environment)
  expect(application.secrets).toEqual([newest, older])
})

it('a line that is too short is no secret', () => {
  const environment = { CITIZEN_APPLICATION_SECRETS_FILE: fileWith(`${newest}\nshort`) }
  expect(problemsOf('CITIZEN_APPLICATION_SECRETS', environment)).toEqual([
    expect.stringContaining('32 bytes or more'),
  ])
})
