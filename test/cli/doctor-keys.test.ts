import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { diagnose } from '../../src/cli/doctor/diagnose.js'
import { runCommandLine } from '../../src/cli/run.js'
import { createKeyRing, createSsoIssuer, keyFolder } from '../../src/issuing/sso.js'
import { type Deployment, startDeployment } from './deployment.js'

let deployment: Deployment
let home: string
let folder: string
let privateFile: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'citizen-doctor-keys-'))
  folder = await makeRing('ring')
  const storage = keyFolder(folder)
  const keys = createKeyRing({ storage })
  privateFile = storage.fileOf((await keys.state())?.keys[0]?.jwk.kid ?? '', 'private')
  const issuer = createSsoIssuer({
    keys,
    issuer: 'assigned',
    audience: 'partner',
    applicationUrl: 'https://benefits.citizen.localhost',
  })
  deployment = await startDeployment({
    applications: [
      { name: 'benefits', before: (app) => app.get('/.well-known/jwks.json', issuer.jwks().node) },
      { name: 'library' },
      {
        name: 'copies',
        before: (app) =>
          app.get('/.well-known/jwks.json', async (_, res) => {
            const published = (await keys.published()).keys
            const copies = published.map((key) => ({ ...key, n: withZero('n' in key ? key.n : '') }))
            res.set('cache-control', 'public, max-age=300').json({ keys: copies })
          }),
      },
    ],
  })
})

afterEach(() => deployment.tamper(undefined))

afterAll(async () => {
  await deployment.close()
  await rm(home, { recursive: true, force: true })
})

/** As Vivoldi's guide shows a modulus. */
function withZero(number: string): string {
  return Buffer.concat([Buffer.alloc(1), Buffer.from(number, 'base64url')]).toString('base64url')
}

async function makeRing(name: string): Promise<string> {
  const path = join(home, name)
  const nothing = { out: () => {}, err: () => {}, stop: new AbortController().signal }
  expect(await runCommandLine(['keys', 'generate', '--folder', path, '--bits', '2048'], nothing)).toBe(0)
  return path
}

async function look(variables: Readonly<Record<string, string>> = {}, groupRead = false) {
  const { findings } = await diagnose({
    environment: { ...deployment.environment, CITIZEN_SSO_KEYS: folder, ...variables },
    urls: [],
    certificates: deployment.certificate,
    groupRead,
  })
  return findings.filter(({ check }) => check === 'partner-keys')
}

describe('doctor and the issuing side', () => {
  it('finds nothing wrong with right files and the key set that they make', async () => {
    expect((await look()).map(({ state, code }) => [state, code])).toEqual([
      ['ok', 'key-files'],
      ['ok', 'partner-keys'],
    ])
  })

  it('leaves it out where no folder is configured', async () => {
    expect(await look({ CITIZEN_SSO_KEYS: '' })).toEqual([])
  })

  it('names a key file that others can read, with the command that mends it', async () => {
    await chmod(privateFile, 0o644)
    const findings = await look()
    await chmod(privateFile, 0o640)
    const forGroup = await look({}, true)
    await chmod(privateFile, 0o600)
    expect(findings).toMatchObject([{ state: 'fail', code: 'key-files', target: privateFile }])
    expect(findings[0]?.remedy).toContain('chmod')
    expect(forGroup[0]).toMatchObject({ state: 'ok', code: 'key-files' })
  })

  it('names a folder without a ring', async () => {
    const findings = await look({ CITIZEN_SSO_KEYS: join(home, 'nowhere') })
    expect(findings).toMatchObject([{ state: 'fail', code: 'key-files' }])
  })

  it('names an application that does not serve its key set, and one that serves another', async () => {
    const library = {
      CITIZEN_APPLICATION_URL: deployment.origins.library ?? '',
      CITIZEN_APPLICATION_ID: 'library',
    }
    expect((await look(library)).map(({ code }) => code)).toEqual(['key-files', 'partner-keys-missing'])
    const other = await look({ CITIZEN_SSO_KEYS: await makeRing('other') })
    expect(other.map(({ code }) => code)).toEqual(['key-files', 'partner-keys-differ'])
  })

  it('names an address at which no partner gets an answer', async () => {
    const findings = await look({ CITIZEN_APPLICATION_URL: 'https://benefits.citizen.localhost:1' })
    expect(findings.map(({ code }) => code)).toEqual(['key-files', 'partner-keys-unreachable'])
  })

  it('names a key set that a proxy lets partners keep too long', async () => {
    deployment.tamper((lines, { path }) =>
      path.endsWith('jwks.json')
        ? lines.map(([name, value]) => [
            name,
            /^cache-control$/i.test(name) ? 'public, max-age=864000' : value,
          ])
        : lines,
    )
    expect((await look()).map(({ code }) => code)).toEqual(['key-files', 'partner-keys-cache'])
  })

  it('knows its own key in a copy that a dashboard has made, and says how that is written', async () => {
    const copies = {
      CITIZEN_APPLICATION_URL: deployment.origins.copies ?? '',
      CITIZEN_APPLICATION_ID: 'copies',
    }
    const findings = await look(copies)
    expect(findings.map(({ state, code }) => [state, code])).toEqual([
      ['ok', 'key-files'],
      ['warn', 'partner-keys-encoding'],
    ])
    expect(findings[1]?.reason).toContain('n begins with a zero byte')
  })
})
