/** @module The variables of the emulator: who reads them, what they say, and what is said of a wrong one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { toEmulatorOptions } from '../../src/cli/emulator.js'
import { emulatorVariables } from '../../src/cli/emulator-environment.js'
import { createEmulator } from '../../src/emulator/index.js'

let folder = ''
const client = { client_id: 'sp1', redirect_uris: ['https://sp1.example/callback'] }
const provider = { entityId: 'https://sp1.example', acsUrl: 'https://sp1.example/saml/acs' }
const fileOf = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citizen-session-'))
  const write = (name: string, value: unknown) => writeFileSync(fileOf(name), JSON.stringify(value))
  write('clients.json', { clients: [client], codeSeconds: 5, idTokenSeconds: 6 })
  write('providers.json', [provider])
})
afterAll(() => rmSync(folder, { recursive: true }))

const named = (variables: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [`CITIZEN_EMULATOR_${name}`, value]))

/** The options that the command starts with. */
const read = (variables: Readonly<Record<string, string>>, ...args: string[]) =>
  toEmulatorOptions(args, named(variables))

function refusalOf(variables: Readonly<Record<string, string>>): string {
  try {
    read(variables)
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' })
    return String(error)
  }
  return 'nothing was refused'
}

describe('CITIZEN_EMULATOR_*', () => {
  it('have every time of the emulator', () => {
    const sources = ['', 'openid/', 'saml/'].flatMap((place) => {
      const text = readFileSync(new URL(`../../src/emulator/${place}options.ts`, import.meta.url), 'utf8')
      return [...text.matchAll(/^ {2}readonly (\w+Seconds)\??:/gm)].map(
        ([, name]) => `${place.replace('/', '.')}${name}`,
      )
    })
    expect(sources.length).toBeGreaterThan(14)
    const paths = new Set(emulatorVariables.values())
    expect(sources.filter((path) => !paths.has(path))).toEqual([])
  })

  it('are all on the page', () => {
    const page = readFileSync(new URL('../../docs/emulator.md', import.meta.url), 'utf8')
    const names = [...emulatorVariables.keys()].map((name) => name.replace('CITIZEN_EMULATOR_', ''))
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it('set times and other options by mechanical names', () => {
    expect(
      read({
        TOKEN_SECONDS: '120',
        IDLE_SECONDS: ' 600 ',
        SESSION_SECONDS: '7200',
        RENEW_AFTER_SECONDS: '0',
        JWKS_MAX_AGE_SECONDS: '1',
        URL: 'http://idp.internal:4000',
        PORT: '4001',
        HOST: '0.0.0.0',
        REMOTE: 'true',
        DOMAIN: 'false',
        SECURE: 'false',
        CONTROL: 'true',
        ACCEPTS_OLDER_TOKENS: 'false',
        SHARES_SESSION_ID: 'true',
        ALLOWED_RETURN_ORIGINS: 'https://a.example, https://b.example/',
        REFRESH_ANSWER: 'cookies',
        COOKIE_NAMES_HEADER: 'h',
        HASHING_COST: '2000',
      }),
    ).toEqual({
      tokenSeconds: 120,
      idleSeconds: 600,
      sessionSeconds: 7200,
      renewAfterSeconds: 0,
      jwksMaxAgeSeconds: 1,
      url: 'http://idp.internal:4000',
      port: 4001,
      host: '0.0.0.0',
      remote: true,
      domain: false,
      secure: false,
      control: true,
      acceptsOlderTokens: false,
      sharesSessionId: true,
      allowedReturnOrigins: ['https://a.example', 'https://b.example'],
      refreshAnswer: 'cookies',
      cookieNames: { header: 'h' },
      hashingCost: 2000,
    })
    expect(read({})).toEqual({ port: 4000 })
  })

  it('bring other kinds of provider by a file, and their times beside it', () => {
    const options = read({
      OPENID_CLIENTS_FILE: fileOf('clients.json'),
      OPENID_CODE_SECONDS: '30',
      SAML_SERVICE_PROVIDERS_FILE: fileOf('providers.json'),
      SAML_ASSERTION_SECONDS: '40',
      SAML_SIGNS: 'both',
    })
    expect(options.openid).toEqual({ clients: [client], codeSeconds: 30, idTokenSeconds: 6 })
    expect(options.saml).toEqual({ serviceProviders: [provider], assertionSeconds: 40, signs: 'both' })
  })

  it('make it a partner, with an argument or without', () => {
    const variables = { PARTNER_HOST: 'partner.localhost', PARTNER_ISSUER: 'org-7f3a' }
    const partner = { host: 'partner.localhost', issuer: 'org-7f3a' }
    expect(read(variables)).toEqual({ port: 4000, partner })
    expect(read(variables, '--partner')).toEqual({ port: 4000, partner })
    expect(read({}, '--partner')).toEqual({ port: 4000, partner: {} })
  })

  it('let clients register themselves, where none is there before', () => {
    const { openid } = read({ OPENID_REGISTRATION: 'true', OPENID_INITIAL_ACCESS_TOKEN: 'one-more-client' })
    expect(openid).toEqual({ clients: [], registration: true, initialAccessToken: 'one-more-client' })
  })

  it('yield to arguments', () => {
    const variables = {
      TOKEN_SECONDS: '120',
      IDLE_SECONDS: '600',
      DOMAIN: 'example.gov',
      OPENID_CODE_SECONDS: '9',
    }
    const args = ['--token-seconds', '60', '--host-only', '--openid-clients', fileOf('clients.json')]
    expect(read(variables, ...args)).toEqual({
      port: 4000,
      tokenSeconds: 60,
      idleSeconds: 600,
      domain: false,
      openid: { clients: [client], codeSeconds: 5, idTokenSeconds: 6 },
    })
  })

  it.each([
    ['TOKEN_SECONDS', '30m', 'write a whole number from 0 to 999999999; given was "30m"'],
    ['IDLE_SECONDS', '-1', 'write a whole number'],
    ['SESSION_SECONDS', '1e3', 'write a whole number'],
    ['PORT', '70000', 'write a whole number from 0 to 65535'],
    ['REMOTE', 'yes', 'write true or false'],
    ['DOMAIN', '.example.gov', 'write a domain'],
    ['URL', 'https://id.example.gov/sub', 'write an origin'],
    ['ALLOWED_RETURN_ORIGINS', 'https://a.example,b.example', 'write an origin'],
    ['REFRESH_ANSWER', 'xml', 'write one of token, authToken'],
    ['COOKIE_NAMES_HEADER', 'a b', 'write the name of a cookie'],
    ['HASHING_COST', '999', 'write a whole number from 1000'],
    ['OPENID_CLIENTS_FILE', 'no-such-file.json', 'cannot be read as JSON'],
    [
      'SAML_SERVICE_PROVIDERS_FILE',
      'package.json',
      'must be a list of service providers, or an object with "serviceProviders"',
    ],
    ['OPENID_CODE_SECONDS', '30', 'has no effect without CITIZEN_EMULATOR_OPENID_CLIENTS_FILE'],
    ['SAML_LOGOUT_SECONDS', '30', 'has no effect without CITIZEN_EMULATOR_SAML_SERVICE_PROVIDERS_FILE'],
    ['OPENID_INITIAL_ACCESS_TOKEN', 'one', 'without CITIZEN_EMULATOR_OPENID_REGISTRATION=true'],
    ['PARTNER_HOST', 'http://partner.localhost', 'write a host name'],
    ['PARTNER_JWKS_URL', 'http://benefits.example.gov/jwks.json', 'the address of a key set is https'],
    ['PARTNER_ISSUER', 'x'.repeat(257), 'of at most 256 characters'],
    ['PARTNER_AUDIENCE', 'a b', 'a text without blanks'],
    ['TOKEN_SECOND', '30', 'is not known: did you mean CITIZEN_EMULATOR_TOKEN_SECONDS?'],
    ['FAULTS', 'down', 'is not known: there is CITIZEN_EMULATOR_URL'],
  ])('refuse %s=%s with what to write', (name, value, message) => {
    const refusal = refusalOf({ [name]: value })
    expect(refusal).toContain(`CITIZEN_EMULATOR_${name}`)
    expect(refusal).toContain(message)
  })

  it('are refused all at once', () => {
    const refusal = refusalOf({ TOKEN_SECONDS: 'x', CONTROL: 'maybe', IDLE_SECONDS: '', URL: ' ' })
    expect(refusal).toContain('CITIZEN_EMULATOR_TOKEN_SECONDS')
    expect(refusal).toContain('CITIZEN_EMULATOR_CONTROL')
    expect(refusal).not.toMatch(/IDLE|URL/)
  })

  it('are read by the command alone: createEmulator is the same on every machine', async () => {
    const lifeOf = (token: string) => {
      const { exp = 0, iat = 0 } = decodeJwt(token)
      return exp - iat
    }
    try {
      for (const [name, value] of Object.entries(named({ TOKEN_SECONDS: '77', PORT: 'x' })))
        vi.stubEnv(name, value)
      expect(lifeOf(await (await createEmulator()).tokenFor('ana'))).toBe(1800)
      expect(() => toEmulatorOptions([])).toThrow('CITIZEN_EMULATOR_PORT')
      vi.stubEnv('CITIZEN_EMULATOR_PORT', '0')
      const { port: _, ...options } = toEmulatorOptions([])
      expect(lifeOf(await (await createEmulator(options)).tokenFor('ana'))).toBe(77)
    } finally {
      vi.unstubAllEnvs()
    }
  })
})
