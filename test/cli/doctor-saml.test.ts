import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type DiagnosisRequest, diagnose } from '../../src/cli/doctor/diagnose.js'
import type { Finding } from '../../src/cli/doctor/finding.js'
import { runCommandLine } from '../../src/cli/run.js'
import { selfSignedCertificate } from '../../src/emulator/saml/certificate.js'
import { readCertificate } from '../../src/saml/certificate.js'
import { saml } from '../../src/saml/saml.js'
import { type ProtocolDeployment, startProtocolDeployment } from './protocol-deployment.js'

const day = 86_400_000

/** A key and its certificate, which ends so many days from now. */
function createKey(days: number) {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = selfSignedCertificate({
    ...pair,
    commonName: 'test',
    notBefore: Date.now() - 400 * day,
    notAfter: Date.now() + days * day,
    random: (bytes) => randomBytes(bytes),
  })
  return { privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
}

const ours = createKey(3650)
const keys = { fresh: createKey(3650), near: createKey(20), over: createKey(-1) }
const bodyOf = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')

const toPem = (text: string) => `-----BEGIN CERTIFICATE-----\n${bodyOf(text)}\n-----END CERTIFICATE-----`

let deployment: ProtocolDeployment
let metadataUrl: string
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citizen-doctor-saml-'))
  deployment = await startProtocolDeployment(
    (url) => ({
      saml: {
        serviceProviders: [
          {
            entityId: `${url}/session/saml/metadata`,
            acsUrl: `${url}/session/saml/acs`,
            logout: { redirect: `${url}/session/saml/slo` },
            certificate: ours.certificate,
          },
        ],
      },
    }),
    (emulator) => [
      saml({ identityProvider: emulator.saml.entityId, metadataUrl: emulator.saml.metadataUrl, ...ours }),
    ],
  )
  metadataUrl = deployment.emulator.saml.metadataUrl
})

afterEach(() => {
  deployment.changeProvider(undefined)
  deployment.changeApplication(undefined)
  deployment.emulator.reset()
})

afterAll(async () => {
  await deployment.close()
  await rm(folder, { recursive: true, force: true })
})

const given = (more: Partial<NonNullable<DiagnosisRequest['saml']>> = {}) => ({
  source: metadataUrl,
  text: undefined,
  entityId: undefined,
  pinned: [],
  ...more,
})

async function examine(
  source: Partial<NonNullable<DiagnosisRequest['saml']>> = {},
  request: Partial<DiagnosisRequest> = {},
): Promise<readonly Finding[]> {
  const { findings } = await diagnose({
    environment: deployment.environment,
    urls: [],
    timeoutSeconds: 2,
    saml: given(source),
    ...request,
  })
  return findings
}

const complaintsOf = (findings: readonly Finding[]) =>
  findings.filter(({ state, code }) => (state === 'fail' || state === 'warn') && code !== 'plain-http')
const wrong = (findings: readonly Finding[]) =>
  complaintsOf(findings).map(({ state, code }) => `${state} ${code}`)
/** The provider by itself. */
const lookAlone = (source: Partial<NonNullable<DiagnosisRequest['saml']>> = {}) =>
  examine(source, { environment: {} })

const changeMetadata = (change: (xml: string) => string) =>
  deployment.changeProvider((path, body) =>
    path === new URL(metadataUrl).pathname ? { body: change(body) } : undefined,
  )
const changeOwn = (change: (xml: string) => string) =>
  deployment.changeApplication((path, body) =>
    path === '/session/saml/metadata' ? { body: change(body) } : undefined,
  )
const at = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString()
const without = (name: string) => (xml: string) =>
  xml.replaceAll(new RegExp(`<md:${name}\\b[^>]*/>`, 'g'), '')
const withCertificates = (...list: readonly { readonly certificate: string }[]) => {
  const one = (pem: string) =>
    `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${bodyOf(pem)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
  return (xml: string) => {
    const bare = xml.replaceAll(/<md:KeyDescriptor[\s\S]*?<\/md:KeyDescriptor>/g, '')
    const all = list.map(({ certificate }) => one(certificate)).join('')
    return bare.replace(/(<md:(?:IDP|SP)SSODescriptor\b[^>]*>)/, `$1${all}`)
  }
}

describe('doctor and an application that signs in by SAML alone', () => {
  it('finds nothing wrong, on either side', async () => {
    const findings = await examine()
    expect(wrong(findings)).toEqual([])
    const said = findings
      .filter(({ check }) => check.startsWith('saml'))
      .map(({ state, code }) => [state, code])
    expect(said).toEqual([
      ['ok', 'saml-metadata'],
      ['ok', 'saml-validity'],
      ['ok', 'saml-certificate'],
      ['ok', 'saml-sign-on'],
      ['ok', 'saml-logout'],
      ['ok', 'saml-own'],
      ['ok', 'saml-own-certificate'],
      ['ok', 'saml-own-addresses'],
    ])
    const login = findings.find(({ check }) => check === 'login')
    expect(login).toMatchObject({ state: 'ok', code: 'login-route' })
    expect(login?.reason).toContain(deployment.emulator.saml.ssoUrl)
    expect(findings.map(({ check }) => check)).not.toContain('saml-reader')
  })

  it('looks at the provider alone where no application is configured', async () => {
    const findings = await lookAlone()
    expect(wrong(findings)).toEqual([])
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(['configuration', 'clock', 'saml']))
  })

  it('reads a file, and the one provider that is asked for', async () => {
    const text = await deployment.emulator.saml.metadata()
    const entityId = deployment.emulator.saml.entityId
    expect(wrong(await lookAlone({ source: 'idp.xml', text, entityId }))).toEqual(['warn saml-expires'])
    expect(wrong(await lookAlone({ source: 'idp.xml', text, entityId: 'urn:other' }))).toEqual([
      'fail saml-entity',
    ])
  })

  it('says what to install where XML cannot be read', async () => {
    const findings = await examine({}, { environment: {}, loadSamlReader: async () => undefined })
    expect(findings.find(({ check }) => check === 'saml')).toMatchObject({
      state: 'skipped',
      remedy: 'npm install xml-crypto',
    })
  })
})

describe('doctor, with metadata of the provider that is at fault', () => {
  const rows: readonly (readonly [
    what: string,
    change: (xml: string) => string,
    codes: readonly string[],
    remedy: RegExp,
  ])[] = [
    [
      'expired',
      (xml) => xml.replace(/validUntil="[^"]+"/, `validUntil="${at(-1000)}"`),
      ['fail saml-expired'],
      /renew it/,
    ],
    [
      'expires before the next fetch',
      (xml) => xml.replace(/validUntil="[^"]+"/, `validUntil="${at(day / 2)}"`),
      ['warn saml-expires'],
      /earlier/,
    ],
    [
      'kept longer than it is valid',
      (xml) => xml.replace(/cacheDuration="[^"]+"/, 'cacheDuration="P30D"'),
      ['warn saml-expires'],
      /shorter cacheDuration/,
    ],
    [
      'an expired certificate',
      withCertificates(keys.over),
      ['fail saml-certificate-expired'],
      /next certificate/,
    ],
    [
      'an expired certificate beside a good one',
      withCertificates(keys.over, keys.fresh),
      ['warn saml-certificate-expired'],
      /take the expired/,
    ],
    [
      'a certificate that ends within 30 days',
      withCertificates(keys.near),
      ['warn saml-certificate-expires'],
      /next certificate/,
    ],
    ['no certificate', withCertificates(), ['fail saml-no-usable-key'], /2048/],
    ['no single logout', without('SingleLogoutService'), ['warn saml-no-logout'], /single logout/],
    ['no sign-in', without('SingleSignOnService'), ['fail saml-endpoint'], /SingleSignOnService/],
    [
      'sign-in without a browser',
      (xml) =>
        xml.replaceAll(
          /(<md:SingleSignOnService Binding=")[^"]+/g,
          '$1urn:oasis:names:tc:SAML:2.0:bindings:SOAP',
        ),
      ['fail saml-sign-on'],
      /HTTP-Redirect/,
    ],
    [
      'sign-in without TLS',
      (xml) =>
        xml.replaceAll(/(<md:SingleSignOnService [^>]*Location=")[^"]+/g, '$1http://id.example.gov/sso'),
      ['fail saml-endpoint-plain'],
      /https/,
    ],
    ['a page', () => '<!doctype html><title>Sign in</title>', ['fail saml-malformed'], /HTML/],
    [
      'an application',
      (xml) => xml.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'),
      ['fail saml-entity'],
      /--saml-entity/,
    ],
    ['too large', (xml) => `${xml}${' '.repeat(4_300_000)}`, ['fail saml-too-large'], /own metadata/],
  ]

  it.each(rows)('names it: %s', async (_, change, codes, remedy) => {
    changeMetadata(change)
    const findings = await lookAlone()
    expect(wrong(findings)).toEqual(codes)
    expect(complaintsOf(findings)[0]?.remedy).toMatch(remedy)
  })

  it('takes a roll-over for right: a certificate near its end, with its successor', async () => {
    changeMetadata(withCertificates(keys.near, keys.fresh))
    expect(wrong(await lookAlone())).toEqual([])
  })

  it('names what the emulator has expire, in a file too', async () => {
    deployment.emulator.faults.set({ saml: { metadata: 'expired' } })
    expect(wrong(await lookAlone())).toEqual(['fail saml-expired'])
    const text = await deployment.emulator.saml.metadata()
    const [finding] = complaintsOf(await lookAlone({ source: 'idp.xml', text }))
    expect(finding).toMatchObject({ code: 'saml-expired', target: 'idp.xml' })
    expect(finding?.remedy).toContain('metadataUrl')
  })

  it('names metadata that is not signed by whom it must be signed', async () => {
    const pinned = deployment.emulator.saml.certificates.flatMap(
      (one) => readCertificate(one)?.publicKey ?? [],
    )
    expect(pinned).not.toEqual([])
    expect(wrong(await lookAlone({ pinned }))).toEqual([])
    for (const fault of ['unsigned', 'wrong-key'] as const) {
      deployment.emulator.faults.set({ saml: { metadata: fault } })
      expect(wrong(await lookAlone({ pinned }))).toEqual(['fail saml-signature'])
    }
    deployment.emulator.faults.clear()
    const others = [readCertificate(keys.fresh.certificate)?.publicKey ?? []].flat()
    expect(wrong(await lookAlone({ pinned: others }))).toEqual(['fail saml-signature'])
  })

  it('names an address without an answer, without metadata, and without TLS, which is not asked', async () => {
    expect(wrong(await lookAlone({ source: 'http://127.0.0.1:1/saml' }))).toEqual(['fail saml-unreachable'])
    expect(wrong(await lookAlone({ source: `${deployment.emulator.url}/nowhere` }))).toEqual([
      'fail saml-status',
    ])
    expect(wrong(await lookAlone({ source: 'http://id.example.gov/saml' }))).toEqual(['fail saml-plain-http'])
  })
})

describe("doctor, with the application's own side at fault", () => {
  const elsewhere = (xml: string) => xml.replaceAll('http://benefits.', 'http://old.')
  const rows: readonly (readonly [
    what: string,
    change: (xml: string) => string,
    codes: readonly string[],
    remedy: RegExp,
  ])[] = [
    [
      'an expired certificate',
      withCertificates(keys.over),
      ['fail saml-own-certificate-expired'],
      /otherKeys/,
    ],
    ['one that ends soon', withCertificates(keys.near), ['warn saml-own-certificate-expires'], /otherKeys/],
    [
      'an expired one beside a good one',
      withCertificates(keys.fresh, keys.over),
      ['warn saml-own-certificate-expired'],
      /take the expired one out/,
    ],
    ['no certificate', withCertificates(), ['fail saml-own-certificate-none'], /2048/],
    ['addresses of another origin', elsewhere, ['fail saml-own-address'], /CITIZEN_APPLICATION_URL/],
    ['no logout', without('SingleLogoutService'), ['fail saml-own-address'], /CITIZEN_APPLICATION_URL/],
    [
      'a copy that has expired',
      (xml) => xml.replace(/validUntil="[^"]+"/, `validUntil="${at(-1000)}"`),
      ['fail saml-own-expired'],
      /cache/,
    ],
    [
      "the provider's name",
      (xml) => xml.replace(/entityID="[^"]+"/, `entityID="${deployment.emulator.saml.entityId}"`),
      ['fail saml-own-entity'],
      /entityId/,
    ],
    ['a page', () => '<html>', ['fail saml-own-malformed'], /in its place/],
  ]

  it.each(rows)('names it: %s', async (_, change, codes, remedy) => {
    changeOwn(change)
    const findings = await examine()
    expect(wrong(findings)).toEqual(codes)
    expect(complaintsOf(findings)[0]?.remedy).toMatch(remedy)
  })

  it('names an application that serves no metadata', async () => {
    deployment.changeApplication((path) => (path === '/session/saml/metadata' ? { status: 404 } : undefined))
    expect(wrong(await examine())).toEqual(['fail saml-own-missing'])
  })

  it('names an application that is not there', async () => {
    const CITIZEN_APPLICATION_URL = 'http://benefits.citizen.localhost:1'
    const codes = wrong(
      await examine({}, { environment: { ...deployment.environment, CITIZEN_APPLICATION_URL } }),
    )
    expect(codes).toEqual(['fail saml-own-unreachable', 'fail application-unreachable'])
  })

  it('names an application that sends people to another provider', async () => {
    const text = (await deployment.emulator.saml.metadata()).replaceAll(
      deployment.emulator.saml.ssoUrl,
      'https://id.example.gov/sso',
    )
    const codes = wrong(await examine({ source: 'idp.xml', text }))
    expect(codes).toEqual(['warn saml-expires', 'fail login-elsewhere'])
  })
})

describe('citizen-session doctor --saml-metadata', () => {
  async function run(args: readonly string[]) {
    const out: string[] = []
    const code = await runCommandLine(['doctor', '--json', ...args], {
      out: (line) => out.push(line),
      err: () => {},
      stop: new AbortController().signal,
    })
    return { code, report: JSON.parse(out.join('\n')) as { ok: boolean; findings: readonly Finding[] } }
  }

  it('takes an address or a file, and ends with 1 where it has expired', async () => {
    expect(await run(['--saml-metadata', metadataUrl])).toMatchObject({ code: 0, report: { ok: true } })
    const file = join(folder, 'idp.xml')
    await writeFile(file, await deployment.emulator.saml.metadata())
    const pem = join(folder, 'idp.pem')
    await writeFile(pem, deployment.emulator.saml.certificates.map(toPem).join('\n'))
    const entity = ['--saml-entity', deployment.emulator.saml.entityId, '--saml-certificate', pem]
    expect(await run(['--saml-metadata', file, ...entity])).toMatchObject({ code: 0, report: { ok: true } })
    deployment.emulator.faults.set({ saml: { metadata: 'expired' } })
    const done = await run(['--saml-metadata', metadataUrl])
    expect(done).toMatchObject({ code: 1, report: { ok: false } })
    expect(wrong(done.report.findings)).toEqual(['fail saml-expired'])
  })
})
