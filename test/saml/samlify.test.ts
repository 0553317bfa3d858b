import { randomUUID } from 'node:crypto'
import * as samlify from 'samlify'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { saml } from '../../src/saml/saml.js'
import { createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import { createKeyPair, idp as entityID } from './provider.js'
import { keyOf, urlOf } from './world.js'

const origin = new URL(entityID).origin
const url = urlOf('benefits')
const { namespace } = samlify.Constants
const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

// samlify asks for a schema validator; the messages are judged by their signatures here.
beforeAll(() => samlify.setSchemaValidator({ validate: async () => 'skipped' }))

const statement =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="_samlify1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
const template = samlify.SamlLib.defaultLoginResponseTemplate.context
  .replace('{AuthnStatement}', statement)
  .replace('{AttributeStatement}', '')

type Binding = 'redirect' | 'post'
interface Choice {
  readonly binding: Binding
  readonly encrypts?: boolean
  readonly cipher?: string
  readonly signsMessage?: boolean
}

/** samlify's templates have no place for when the person signed in: the tags are filled in here. */
function fill(context: string, inResponseTo: string) {
  const id = `_${randomUUID()}`
  const [instant, later] = [0, 300_000].map((more) => new Date(Date.now() + more).toISOString())
  const acs = `${url}/session/saml/acs`
  const values = {
    ID: id,
    AssertionID: `${id}a`,
    Destination: acs,
    Audience: `${url}/session/saml/metadata`,
    SubjectRecipient: acs,
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

const gcm = 'http://www.w3.org/2009/xmlenc11#aes256-gcm'
const cbc = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'

/** Its two types for one thing do not fit each other. */
const requestInfo = ({ extract }: { readonly extract: unknown }) =>
  ({ extract }) as Parameters<ReturnType<typeof samlify.IdentityProvider>['createLoginResponse']>[1]

/** samlify as the identity provider of an application, at its own address; it has the time of the machine. */
async function createPeers({ binding, encrypts = false, signsMessage = false, cipher = gcm }: Choice) {
  const pair = createKeyPair(Date.now() + 86_400_000_000)
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const address = `${origin}/slo`
  const idp = samlify.IdentityProvider({
    entityID,
    privateKey,
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
    singleLogoutService: [{ Binding: namespace.binding[binding], Location: address }],
  })
  const suite = createSuite(
    {
      application: {
        id: 'benefits',
        url,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
      },
      protocols: [
        saml({
          identityProvider: entityID,
          metadata: idp.getMetadata(),
          signInBinding: binding,
          ...keyOf('benefits'),
        }),
      ],
      store: memoryStore(),
    },
    {},
  )
  const ours = await serve(suite, new Request(`${url}/session/saml/metadata`))
  const sp = samlify.ServiceProvider({
    metadata: await ours.text(),
    wantMessageSigned: signsMessage,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
  })
  const requests: string[] = []
  const answers: (readonly string[])[] = []
  const site: Site = async (request) => {
    const { pathname, searchParams, search } = new URL(request.url)
    const query = Object.fromEntries(searchParams)
    const body =
      request.method === 'POST' ? Object.fromEntries(new URLSearchParams(await request.text())) : {}
    const used = request.method === 'POST' ? 'post' : 'redirect'
    const octetString = search.slice(1).replace(/&Signature=.*$/, '')
    const http = { query, body, octetString }
    const relayState = body.RelayState ?? query.RelayState ?? ''
    if (pathname === '/sso') {
      const info = await idp.parseLoginRequest(sp, used, http)
      requests.push(`login ${info.extract.nameIDPolicy?.allowCreate}`)
      const user = { email: 'ana', logoutNameID: 'ana' }
      const customTagReplacement = (context: string) => fill(context, String(info.extract.request?.id))
      const options = { relayState, customTagReplacement, encryptThenSign: signsMessage }
      const login = await idp.createLoginResponse(sp, requestInfo(info), 'post', user, options)
      return form(`${url}/session/saml/acs`, { SAMLResponse: login.context, RelayState: relayState })
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
      : form(`${url}/session/saml/slo`, { SAMLResponse: answer.context, RelayState: relayState })
  }
  const sites = new Map<string, Site>([
    [origin, site],
    [url, (request) => serve(suite, request)],
  ])
  const browser = createBrowser(sites)
  const follow = async (visit: Visit): Promise<Visit> => {
    let current = visit
    while (/\bsubmit\b/.test(current.body)) current = await browser.press(current, /./)
    return current
  }
  const signIn = async () => follow(await browser.open(`${url}/session/login?returnTo=/private`))
  return { idp, sp, suite, browser, requests, answers, follow, signIn }
}

function form(action: string, fields: Readonly<Record<string, string>>): Response {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  const page = `<form method="post" action="${action}">${inputs.join('')}<button>Go</button></form><script>submit()</script>`
  return new Response(page, { headers: { 'content-type': 'text/html' } })
}

describe('samlify as the identity provider', () => {
  it.each<Choice>([
    { binding: 'redirect' },
    { binding: 'post' },
    { binding: 'post', signsMessage: true },
    { binding: 'redirect', encrypts: true },
    { binding: 'redirect', encrypts: true, cipher: cbc, signsMessage: true },
  ])('signs in, and out again from our side: %j', async (choice) => {
    const { browser, requests, signIn, follow } = await createPeers(choice)
    const visit = await signIn()
    expect(visit).toMatchObject({ url: `${url}/private`, status: 200 })
    expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ state: 'active', sub: 'ana' })
    const done = await follow(await browser.post(`${url}/session/logout`))
    expect(done.body).toContain('You are signed out here and at the sign-in service.')
    expect(requests).toEqual(['login true', 'logout ana "_samlify1"'])
  })

  it.each(['redirect', 'post'] as const)(
    'ends the session here by %s, and takes our answer',
    async (binding) => {
      const { idp, sp, browser, answers, signIn, follow } = await createPeers({ binding })
      await signIn()
      const user = { logoutNameID: 'ana', sessionIndex: '_samlify1' }
      const relayState = 'of samlify'
      const request = idp.createLogoutRequest(sp, binding, user, { relayState })
      const visit =
        binding === 'redirect'
          ? await browser.open(request.context, { from: origin })
          : await follow(
              await browser.post(
                `${url}/session/saml/slo`,
                { SAMLRequest: request.context, RelayState: relayState },
                { from: origin },
              ),
            )
      expect(visit.body).toBe('Done.')
      expect(answers).toEqual([[request.id, relayState]])
      expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ state: 'anonymous' })
    },
  )
})
