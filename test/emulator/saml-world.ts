/** @module Service providers for the tests of the emulator's SAML mode, made of node-saml, and a browser between them. */

import { generateKeyPairSync } from 'node:crypto'
import { SAML, type SamlConfig } from '@node-saml/node-saml'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type SamlOptions,
} from '../../src/emulator/index.js'
import { systemRandom } from '../../src/emulator/random.js'
import { selfSignedCertificate } from '../../src/emulator/saml/certificate.js'
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
export const providerKeys = { benefits: createKey('benefits'), permits: createKey('permits') }

/** The addresses of a provider. */
export const addressesOf = (name: string) => ({
  entityId: `https://${name}.example/saml/metadata`,
  acsUrl: `https://${name}.example/saml/acs`,
  slo: `https://${name}.example/saml/slo`,
  soap: `https://${name}.example/saml/soap`,
})

/** An emulator with the providers `benefits` and `permits`. */
export async function createSamlEmulator(
  saml: Partial<SamlOptions> = {},
  options: EmulatorOptions = {},
): Promise<Emulator> {
  const names = ['benefits', 'permits'] as const
  return createEmulator({
    url: 'https://id.example.gov',
    domain: 'example.gov',
    ...options,
    saml: {
      serviceProviders: names.map((name) => {
        const { entityId, acsUrl, slo } = addressesOf(name)
        return { entityId, acsUrl, logout: { redirect: slo }, certificate: providerKeys[name].certificate }
      }),
      ...saml,
    },
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
  const unescape = (text: string) =>
    text
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
  const fields = Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [
      name ?? '',
      unescape(value ?? ''),
    ]),
  )
  const action = unescape(/<form method="post" action="([^"]*)"/.exec(page)?.[1] ?? '')
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
