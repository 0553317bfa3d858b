/** @module doctor and an application whose providers are in its environment: the same variables, read the same way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type DiagnosisRequest, diagnose } from '../../src/cli/doctor/diagnose.js'
import type { Finding } from '../../src/cli/doctor/finding.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { oidc } from '../../src/oidc/oidc.js'
import { saml } from '../../src/saml/saml.js'
import { keyOf } from '../saml/world.js'
import { type ProtocolDeployment, startProtocolDeployment } from './protocol-deployment.js'

const folder = mkdtempSync(join(tmpdir(), 'citizen-doctor-variables-'))
const key = keyOf('benefits')
let deployment: ProtocolDeployment
let environment: Record<string, string>

beforeAll(async () => {
  const client = (id: string, routes: string) => ({
    client_id: id,
    client_secret: `${id}-secret`,
    redirect_uris: [`${routes}/callback`],
  })
  deployment = await startProtocolDeployment(
    (url) => ({
      openid: {
        clients: [client('benefits', `${url}/session`), client('adfs', `${url}/session/adfs`)],
      },
      saml: {
        serviceProviders: ['saml', 'eduid'].map((name) => ({
          entityId: `${url}/session/${name}/metadata`,
          acsUrl: `${url}/session/${name}/acs`,
          logout: { redirect: `${url}/session/${name}/slo` },
          certificate: key.certificate,
        })),
      },
    }),
    (emulator) => {
      const keyFile = join(folder, 'saml.key')
      writeFileSync(keyFile, key.privateKey)
      const ofSaml = (name: string) => ({
        [`CITIZEN_${name}_IDENTITY_PROVIDER`]: emulator.saml.entityId,
        [`CITIZEN_${name}_METADATA_URL`]: emulator.saml.metadataUrl,
        [`CITIZEN_${name}_PRIVATE_KEY_FILE`]: keyFile,
        [`CITIZEN_${name}_CERTIFICATE`]: key.certificate.replaceAll('\n', '\\n'),
      })
      const ofOidc = (name: string, id: string) => ({
        [`CITIZEN_${name}_ISSUER`]: emulator.url,
        [`CITIZEN_${name}_CLIENT_ID`]: id,
        [`CITIZEN_${name}_CLIENT_SECRET`]: `${id}-secret`,
        // What is pushed, nobody outside can look at.
        [`CITIZEN_${name}_PUSHED_AUTHORIZATION`]: 'never',
      })
      environment = {
        ...ofOidc('OIDC', 'benefits'),
        ...ofOidc('OIDC_ADFS', 'adfs'),
        ...ofSaml('SAML'),
        ...ofSaml('SAML_EDUID'),
      }
      for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
      return [oidc(), oidc({ name: 'adfs' }), saml(), saml({ name: 'eduid' })]
    },
  )
  vi.unstubAllEnvs()
})

afterAll(async () => {
  await deployment.close()
  rmSync(folder, { recursive: true })
})

async function examine(
  more: Readonly<Record<string, string | undefined>> = {},
  request: Partial<DiagnosisRequest> = {},
): Promise<readonly Finding[]> {
  const variables = { ...deployment.environment, ...environment, ...more }
  return (await diagnose({ environment: variables, urls: [], timeoutSeconds: 20, ...request })).findings
}
/** The variables alone, without any application. */
const examineAlone = async (variables: Readonly<Record<string, string>>) =>
  (await diagnose({ environment: variables, urls: [], timeoutSeconds: 20 })).findings
const wrong = (findings: readonly Finding[]) =>
  findings
    .filter(({ state, code }) => (state === 'fail' || state === 'warn') && !code.endsWith('plain'))
    .filter(({ code }) => !code.endsWith('plain-http'))
    .map(({ state, code, target }) => `${state} ${code} ${target}`)
const timesSaid = (findings: readonly Finding[], code: string) =>
  findings.filter((finding) => finding.code === code).length

it('looks at each provider that the variables describe, and at our side of each', async () => {
  const findings = await examine()
  expect(wrong(findings)).toEqual([])
  expect(timesSaid(findings, 'openid-issuer')).toBe(2)
  expect(timesSaid(findings, 'saml-metadata')).toBe(2)
  expect(findings.filter(({ code }) => code === 'saml-own').map(({ target }) => target)).toEqual([
    `${deployment.url}/session/saml/metadata`,
    `${deployment.url}/session/eduid/metadata`,
  ])
  expect(findings.find(({ check }) => check === 'login')?.state).toBe('ok')
})

it('names variables that belong to no provider that is looked at, for a name may be misspelt', async () => {
  const strays = {
    CITIZEN_OIDC_ADFZ_CLIENT_ID: 'x',
    CITIZEN_OIDC_LOGIN_ISSUER: 'x',
    CITIZEN_SAML_EDU_SIGNS: 'x',
  }
  const told = (findings: readonly Finding[]) =>
    findings
      .filter(({ code }) => code.endsWith('-variables-of-nobody'))
      .map(({ state, target }) => `${state} ${target}`)
  const wanted = [
    'skipped CITIZEN_OIDC_ADFZ_CLIENT_ID, CITIZEN_OIDC_LOGIN_ISSUER',
    'skipped CITIZEN_SAML_EDU_SIGNS',
  ]
  const some = environment
  expect(told(await examineAlone(some))).toEqual([])
  expect(told(await examineAlone({ ...some, ...strays }))).toEqual(wanted)
  expect(told(await examineAlone(strays))).toEqual(wanted)
})

it('says what is wrong with a variable, and looks at the other providers still', async () => {
  const findings = await examine({
    CITIZEN_OIDC_CLIENT_ID: undefined,
    CITIZEN_OIDC_ADFS_SCOPE: 'profile',
    CITIZEN_SAML_PRIVATE_KEY_FILE: '/nowhere/at/all',
    CITIZEN_SAML_EDUID_METADATA_URI: 'x',
  })
  expect(wrong(findings)).toEqual([
    'fail configuration oidc.clientId',
    'fail configuration oidc.adfs.scope',
    'fail configuration saml.privateKey',
    'fail configuration saml.eduid.metadataUrl',
  ])
  expect(findings.map(({ remedy }) => remedy)).toEqual(
    expect.arrayContaining([
      'set CITIZEN_OIDC_CLIENT_ID',
      'correct CITIZEN_SAML_PRIVATE_KEY_FILE',
      // Not to be set: its name is what is wrong.
      'correct CITIZEN_SAML_EDUID_METADATA_URI',
    ]),
  )
  expect([timesSaid(findings, 'openid-issuer'), timesSaid(findings, 'saml-metadata')]).toEqual([0, 1])
  expect(JSON.stringify(findings)).not.toContain('benefits-secret')
})

it('takes metadata from a variable as from an address', async () => {
  const metadata = await (await loopbackFetch(deployment.emulator.saml.metadataUrl)).text()
  const path = join(folder, 'metadata.xml')
  writeFileSync(path, metadata)
  const findings = await examine({
    CITIZEN_SAML_METADATA_URL: undefined,
    CITIZEN_SAML_METADATA_FILE: path,
    CITIZEN_SAML_ENDPOINT_ORIGINS: deployment.emulator.url,
  })
  // The emulator's document is good for a week, and a text is not fetched anew.
  expect(wrong(findings)).toEqual(['warn saml-expires CITIZEN_SAML_METADATA'])
})

it('says where session management is on and the provider has no frame for it', async () => {
  deployment.changeProvider((path, body) =>
    path === '/.well-known/openid-configuration'
      ? { body: JSON.stringify({ ...JSON.parse(body), check_session_iframe: undefined }) }
      : undefined,
  )
  const findings = await examine({ CITIZEN_OIDC_ADFS_SESSION_MANAGEMENT: 'true' })
  deployment.changeProvider(undefined)
  expect(timesSaid(findings, 'openid-session-management')).toBe(1)
})

it('warns of a provider that says factors it is not believed, until it is', async () => {
  deployment.changeProvider((path, body) =>
    path === '/.well-known/openid-configuration'
      ? { body: JSON.stringify({ ...JSON.parse(body), claims_supported: ['acr', 'isMfa'] }) }
      : undefined,
  )
  const warned = await examine({})
  const silent = await examine({
    CITIZEN_OIDC_ADFS_TRUSTED_CLAIMS: 'acr,amr,isMfa',
    CITIZEN_OIDC_TRUSTED_CLAIMS: 'acr,amr,isMfa',
  })
  deployment.changeProvider(undefined)
  expect(timesSaid(warned, 'openid-untrusted-claims')).toBeGreaterThan(0)
  expect(timesSaid(silent, 'openid-untrusted-claims')).toBe(0)
})

it('looks at a provider that is named in the place of the one without a name', async () => {
  const openid = { issuer: deployment.emulator.url, endpointOrigins: [] }
  const findings = await examine({ CITIZEN_OIDC_ISSUER: 'https://id.example.gov' }, { openid })
  expect(wrong(findings)).toEqual([])
  expect(timesSaid(findings, 'openid-issuer')).toBe(2)
  expect(wrong(await examine({ CITIZEN_OIDC_SCOPE: 'profile' }, { openid }))).toContain(
    'fail openid-option CITIZEN_OIDC_SCOPE',
  )
})

it('says of SAML without its package what to install, and looks at the rest', async () => {
  const findings = await examine({}, { loadSamlReader: async () => undefined })
  expect(wrong(findings)).toEqual([])
  expect(findings.filter(({ code }) => code === 'saml-reader').map(({ target }) => target)).toEqual([
    'CITIZEN_SAML_IDENTITY_PROVIDER',
    'CITIZEN_SAML_EDUID_IDENTITY_PROVIDER',
  ])
  expect(timesSaid(findings, 'openid-issuer')).toBe(2)
})

it('tells of a provider although nothing else of an application is there', async () => {
  const CITIZEN_OIDC_ISSUER = deployment.emulator.url
  const { findings } = await diagnose({ environment: { CITIZEN_OIDC_ISSUER }, urls: [], timeoutSeconds: 20 })
  expect(findings.map(({ code, target }) => `${code} ${target}`)).toEqual(
    expect.arrayContaining(['configuration application.id', 'configuration oidc.clientSecret']),
  )
})
