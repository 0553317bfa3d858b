/** @module Service providers for the tests of the emulator's SAML mode, made of node-saml, and a browser between them. */

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { SAML, type SamlConfig } from '@node-saml/node-saml'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type SamlOptions,
} from '../../src/emulator/index.js'
import { systemRandom } from '../../src/emulator/random.js'
import { selfSignedCertificate } from '../../src/emulator/saml/certificate.js'
import { signXml } from '../../src/emulator/saml/signature.js'
import { perFile } from '../support/per-file.js'
import { forAllFiles } from '../support/rsa-keys.js'
import { createBrowser } from './browser.js'

/** A key of a service provider, with its certificate. */
export function createKey(commonName: string) {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const now = Date.now()
  const certificate = selfSignedCertificate({
    ...pair,
    commonName,
    notBefore: now - 86_400_000,
    notAfter: now + 86_400_000 * 365,
    random: systemRandom,
  })
  return { privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
}

/** The keys of two providers, made once. */
export const providerKeys = forAllFiles(() => ({
  benefits: createKey('benefits'),
  permits: createKey('permits'),
}))

/** The addresses of a provider. */
export const addressesOf = (name: string) => ({
  entityId: `https://${name}.example/saml/metadata`,
  acsUrl: `https://${name}.example/saml/acs`,
  slo: `https://${name}.example/saml/slo`,
  soap: `https://${name}.example/saml/soap`,
})

/** Keys cost more than everything else: an emulator of the same options is reset and used again. */
const made = perFile(() => new Map<string, Promise<Emulator>>())

/** An emulator with the providers `benefits` and `permits`, as new. */
export async function createSamlEmulator(
  saml: Partial<SamlOptions> = {},
  options: EmulatorOptions = {},
): Promise<Emulator> {
  const key = JSON.stringify([saml, options])
  const isReusable = options.fetch === undefined
  const emulator = await ((isReusable && made().get(key)) || create(saml, options))
  if (isReusable) made().set(key, Promise.resolve(emulator))
  emulator.reset()
  return emulator
}

function create(saml: Partial<SamlOptions>, options: EmulatorOptions) {
  const serviceProviders = (['benefits', 'permits'] as const).map((name) => {
    const { entityId, acsUrl, slo } = addressesOf(name)
    const { certificate } = providerKeys[name]
    return { entityId, acsUrl, logout: { redirect: slo }, certificate }
  })
  return createEmulator({
    url: 'https://id.example.gov',
    domain: 'example.gov',
    ...options,
    saml: { serviceProviders, ...saml },
  })
}

/** node-saml as a service provider. */
export function relyingParty(
  emulator: Emulator,
  name: keyof typeof providerKeys = 'benefits',
  config: Partial<SamlConfig> = {},
) {
  const { entityId, acsUrl, slo } = addressesOf(name)
  return new SAML({
    issuer: entityId,
    callbackUrl: acsUrl,
    logoutCallbackUrl: slo,
    entryPoint: emulator.saml.ssoUrl,
    logoutUrl: emulator.saml.logoutUrl,
    idpCert: [...emulator.saml.certificates],
    idpIssuer: emulator.saml.entityId,
    audience: entityId,
    privateKey: providerKeys[name].privateKey,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    wantAuthnResponseSigned: false,
    wantAssertionsSigned: true,
    acceptedClockSkewMs: 0,
    ...config,
  })
}

/** The form of a page that sends itself. */
export async function formOf(response: Response) {
  const page = await response.text()
  const decode = (text: string) =>
    text
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
  const fields = Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [
      name ?? '',
      decode(value ?? ''),
    ]),
  )
  const action = decode(/<form method="post" action="([^"]*)"/.exec(page)?.[1] ?? '')
  return {
    action,
    fields,
    xml: Buffer.from(fields.SAMLResponse ?? fields.SAMLRequest ?? '', 'base64').toString(),
  }
}

/** The path with the query of an address. */
export const pathOf = (url: string | null) => {
  const { pathname, search } = new URL(url ?? '', 'https://id.example.gov')
  return `${pathname}${search}`
}

/** Signs in at a provider: the request, the login page if need be, the form with the Response. */
export async function signInAt(
  emulator: Emulator,
  saml: SAML,
  { browser = createBrowser(emulator), username = 'ana', relayState = 'state-1' } = {},
) {
  let response = await browser.get(pathOf(await saml.getAuthorizeUrlAsync(relayState, undefined, {})))
  for (let hops = 0; response.status === 303 && hops < 5; hops += 1) {
    const to = response.headers.get('location') ?? ''
    const { pathname, searchParams } = new URL(to, emulator.url)
    response =
      pathname === '/login'
        ? await browser.signIn(username, Object.fromEntries(searchParams))
        : await browser.get(pathOf(to))
  }
  return { browser, ...(await formOf(response)) }
}

/** A message of a provider in a SOAP envelope, signed inside. */
export function envelopeOf(name: keyof typeof providerKeys, text: string, id: string) {
  const { privateKey, certificate } = providerKeys[name]
  const signed = signXml(text, id, { key: { privateKey: createPrivateKey(privateKey), certificate } })
  return `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${signed}</soap:Body></soap:Envelope>`
}

const headOf = (name: string, id: string, now: number) => ({
  attributes: `xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0" IssueInstant="${new Date(now).toISOString()}"`,
  issuer: `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${addressesOf(name).entityId}</saml:Issuer>`,
})

let messages = 0
const nextId = () => {
  messages += 1
  return `_test${messages}`
}

/** A LogoutRequest of a provider by SOAP. */
export function soapLogoutRequest(
  name: keyof typeof providerKeys,
  { nameId, sessionIndexes, now }: { nameId: string; sessionIndexes: readonly string[]; now: number },
) {
  const id = nextId()
  const { attributes, issuer } = headOf(name, id, now)
  const indexes = sessionIndexes.map((index) => `<samlp:SessionIndex>${index}</samlp:SessionIndex>`).join('')
  const subject = `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${nameId}</saml:NameID>`
  return {
    id,
    body: envelopeOf(
      name,
      `<samlp:LogoutRequest ${attributes}>${issuer}${subject}${indexes}</samlp:LogoutRequest>`,
      id,
    ),
  }
}

/** A `fetch` that reaches the SOAP address of a provider, which answers with a signed status. */
export function soapProvider(
  name: keyof typeof providerKeys,
  { now, status = 'Success', signedBy = name, destination }: SoapProviderOptions,
) {
  const received: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (request.url !== addressesOf(name).soap) throw new TypeError('fetch failed')
    const text = await request.text()
    received.push(text)
    const inResponseTo = /ID="([^"]*)"/.exec(text)?.[1] ?? ''
    const id = nextId()
    const { attributes, issuer } = headOf(name, id, now())
    const to = destination === undefined ? '' : ` Destination="${destination}"`
    const answer = `<samlp:LogoutResponse ${attributes}${to} InResponseTo="${inResponseTo}">${issuer}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:Status></samlp:LogoutResponse>`
    return new Response(envelopeOf(signedBy, answer, id), { headers: { 'content-type': 'text/xml' } })
  }
  return { fetch, received }
}

interface SoapProviderOptions {
  readonly now: () => number
  readonly status?: string
  readonly signedBy?: keyof typeof providerKeys
  readonly destination?: string
}
