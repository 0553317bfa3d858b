/** @module npm's `samlify`, which we did not write, as the identity provider of one application. */
import { randomUUID } from 'node:crypto'
import * as samlify from 'samlify'
import type { Site } from '../support/browser.js'
import { createKeyPair } from './provider.js'

const { namespace } = samlify.Constants
const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

export type Binding = 'redirect' | 'post'

/** What samlify does in one way or another. */
export interface SamlifyChoice {
  readonly binding: Binding
  readonly encrypts?: boolean
  readonly cipher?: string
  readonly signsMessage?: boolean
}

/** The provider, once it knows the application. */
export interface SamlifyProvider {
  readonly idp: ReturnType<typeof samlify.IdentityProvider>
  /** What it was asked, as it reads it. */
  readonly requests: string[]
  /** Our answers to its own requests: to which, and with which RelayState. */
  readonly answers: (readonly string[])[]
  /** Tells it our metadata. */
  register(metadata: string): ReturnType<typeof samlify.ServiceProvider>
  readonly site: Site
}

const statement =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="_samlify1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
const template = samlify.SamlLib.defaultLoginResponseTemplate.context
  .replace('{AuthnStatement}', statement)
  .replace('{AttributeStatement}', '')
const gcm = 'http://www.w3.org/2009/xmlenc11#aes256-gcm'

/** Its two types for one thing do not fit each other. */
const requestInfo = ({ extract }: { readonly extract: unknown }) =>
  ({ extract }) as Parameters<ReturnType<typeof samlify.IdentityProvider>['createLoginResponse']>[1]

/**
 * Makes it; it has the time of the machine, and signs `ana` in without asking. `routes`: where our own are, as in
 * `https://benefits.example/session/saml/`.
 */
export function createSamlify(entityID: string, routes: string, choice: SamlifyChoice): SamlifyProvider {
  // It asks for a schema validator; the messages are judged by their signatures here.
  samlify.setSchemaValidator({ validate: async () => 'skipped' })
  const idp = createProvider(entityID, choice)
  const { binding, signsMessage = false } = choice
  const requests: string[] = []
  const answers: (readonly string[])[] = []
  let sp: ReturnType<typeof samlify.ServiceProvider> | undefined
  const site: Site = async (request) => {
    if (sp === undefined) return new Response('nobody is registered', { status: 503 })
    const { pathname, searchParams, search } = new URL(request.url)
    const query = Object.fromEntries(searchParams)
    const isPost = request.method === 'POST'
    const body = isPost ? Object.fromEntries(new URLSearchParams(await request.text())) : {}
    const used = isPost ? 'post' : 'redirect'
    const octetString = search.slice(1).replace(/&Signature=.*$/, '')
    const http = { query, body, octetString }
    const relayState = body.RelayState ?? query.RelayState ?? ''
    if (pathname === '/sso') {
      const info = await idp.parseLoginRequest(sp, used, http)
      requests.push(`login ${info.extract.nameIDPolicy?.allowCreate}`)
      const customTagReplacement = (context: string) =>
        fill(context, { inResponseTo: String(info.extract.request?.id), entityID, routes })
      const options = { relayState, customTagReplacement, encryptThenSign: signsMessage }
      const user = { email: 'ana', logoutNameID: 'ana' }
      const login = await idp.createLoginResponse(sp, requestInfo(info), 'post', user, options)
      return form(`${routes}acs`, { SAMLResponse: login.context, RelayState: relayState })
    }
    if ('SAMLResponse' in { ...query, ...body }) {
      const { extract } = await idp.parseLogoutResponse(sp, used, http)
      answers.push([String(extract.response?.inResponseTo), relayState])
      return new Response('Done.')
    }
    const info = await idp.parseLogoutRequest(sp, used, http)
    requests.push(`logout ${info.extract.nameID} ${JSON.stringify(info.extract.sessionIndex)}`)
    const answer = idp.createLogoutResponse(sp, requestInfo(info), binding, { relayState })
    return binding === 'redirect'
      ? new Response(null, { status: 302, headers: { location: answer.context } })
      : form(`${routes}slo`, { SAMLResponse: answer.context, RelayState: relayState })
  }
  return {
    idp,
    requests,
    answers,
    register(metadata) {
      sp = samlify.ServiceProvider({
        metadata,
        wantMessageSigned: signsMessage,
        wantLogoutRequestSigned: true,
        wantLogoutResponseSigned: true,
      })
      return sp
    },
    site,
  }
}

function createProvider(entityID: string, { binding, encrypts = false, cipher = gcm }: SamlifyChoice) {
  const pair = createKeyPair(Date.now() + 86_400_000_000)
  const { origin } = new URL(entityID)
  return samlify.IdentityProvider({
    entityID,
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    signingCert: pair.pem,
    isAssertionEncrypted: encrypts,
    wantAuthnRequestsSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    requestSignatureAlgorithm: rsaSha256,
    messageSigningOrder: encrypts ? 'sign-then-encrypt' : 'encrypt-then-sign',
    ...(encrypts && { dataEncryptionAlgorithm: cipher }),
    nameIDFormat: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
    loginResponseTemplate: { context: template, attributes: [] },
    singleSignOnService: [
      { Binding: namespace.binding.redirect, Location: `${origin}/sso` },
      { Binding: namespace.binding.post, Location: `${origin}/sso` },
    ],
    singleLogoutService: [{ Binding: namespace.binding[binding], Location: `${origin}/slo` }],
  })
}

/** samlify's templates have no place for when the person signed in: the tags are filled in here. */
function fill(
  context: string,
  {
    inResponseTo,
    entityID,
    routes,
  }: { readonly inResponseTo: string; readonly entityID: string; readonly routes: string },
) {
  const id = `_${randomUUID()}`
  const [instant, later] = [0, 300_000].map((more) => new Date(Date.now() + more).toISOString())
  const values = {
    ID: id,
    AssertionID: `${id}a`,
    Destination: `${routes}acs`,
    Audience: `${routes}metadata`,
    SubjectRecipient: `${routes}acs`,
    Issuer: entityID,
    IssueInstant: instant,
    StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success',
    ConditionsNotBefore: instant,
    ConditionsNotOnOrAfter: later,
    SubjectConfirmationDataNotOnOrAfter: later,
    NameIDFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    NameID: 'ana',
    InResponseTo: inResponseTo,
  }
  return { id, context: samlify.SamlLib.replaceTagsByValue(context, values) }
}

function form(action: string, fields: Readonly<Record<string, string>>): Response {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  const page = `<form method="post" action="${action}">${inputs.join('')}<button>Go</button></form><script>submit()</script>`
  return new Response(page, { headers: { 'content-type': 'text/html' } })
}
