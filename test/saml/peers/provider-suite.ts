/** @module What every identity provider that is a peer must be able to do with an application of ours, over real HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SamlOptions } from '../../../src/saml/saml.js'
import type { ProgramKind } from '../../programs.mjs'
import type { Browser, Visit } from '../../support/browser.js'
import {
  type Application,
  browserFor,
  changed,
  follow,
  messageOf,
  type Peer,
  startApplication,
  startPeer,
} from './peer.js'

/** What a peer is told of how it is to write. */
export interface Orders {
  readonly sign?: 'assertion' | 'response' | 'both'
  readonly signature?: 'SHA1'
  readonly encrypt?: 'assertion' | 'name'
  readonly cipher?: string
  readonly transport?: 'OAEP' | 'PKCS1'
  readonly audience?: string
  readonly format?: string
  readonly index?: string
}

/** What a peer has read and verified. */
export interface State {
  /** SessionIndex of each person. */
  readonly indexes: Readonly<Record<string, string>>
  readonly seen: readonly Readonly<Record<string, unknown>>[]
  readonly people: readonly string[]
}

/** A row of what a peer can encrypt, and whether we open it. */
export interface Encryption {
  readonly orders: Orders
  /** Whether it is taken, or the word with which it is refused. */
  readonly outcome: 'taken' | 'decryption' | 'namespace'
}

export interface ProviderPeer {
  readonly kind: ProgramKind
  readonly file: string
  readonly encryption: readonly Encryption[]
  /** Name of the attribute that it writes for `uid`. */
  readonly uid: string
  /** How it encrypts the name in a LogoutRequest, where it does. */
  readonly encryptedNames: readonly Orders[]
  /** How the peer refuses what was not signed or was changed. */
  readonly refusal: RegExp
  /** What it can sign of a response. */
  readonly signs: readonly NonNullable<Orders['sign']>[]
}

const bindings = ['redirect', 'post', 'soap'] as const
const status = 'urn:oasis:names:tc:SAML:2.0:status:'
const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'

export function describeProvider(peer: ProviderPeer): void {
  let app: Application
  let idp: Peer
  beforeAll(async () => {
    app = await startApplication()
    idp = await startPeer(peer.kind, peer.file, app.metadataUrl)
  })
  afterAll(async () => {
    await idp?.close()
    await app?.close()
  })

  const create = (options: Partial<SamlOptions> = {}) =>
    app.create({
      identityProvider: `${idp.url}/metadata`,
      metadataUrl: `${idp.url}/metadata`,
      nameIdFormat: persistent,
      ...options,
    })
  beforeEach(async () => {
    await idp.ask('/orders', {})
    create()
  })
  const order = (orders: Orders) => idp.ask('/orders', orders)
  const state = async () => (await idp.ask('/state')) as State
  const browser = () => browserFor(app, idp)
  const refused = () =>
    app.events.flatMap((event) => (event.type === 'token.rejected' ? [event.problem] : []))
  const open = async (of: Browser) => (await of.fetch(`${app.url}/open`)).json()

  /** The page with the answer, which is not sent on yet. */
  async function answerFor(of: Browser, username = 'ana'): Promise<Visit> {
    const asked = await follow(of, await of.open(`${app.url}/session/login?returnTo=/private`), /submit/)
    return of.press(asked, 'Sign in', { username })
  }

  async function signIn(of: Browser, username = 'ana'): Promise<Readonly<Record<string, unknown>>> {
    const done = await follow(of, await answerFor(of, username))
    expect([done.status, refused()]).toEqual([200, []])
    return JSON.parse(done.body)
  }

  describe('sign-in', () => {
    it.each(['redirect', 'post'] as const)(
      'by %s: each verifies what the other has signed',
      async (binding) => {
        create({ signInBinding: binding })
        const claims = await signIn(browser())
        expect(claims).toMatchObject({ iss: `${idp.url}/metadata`, attributes: { [peer.uid]: ['ana'] } })
        expect((await state()).seen).toMatchObject([
          { message: 'AuthnRequest', binding, issuer: app.metadataUrl, signature: null },
        ])
      },
    )

    it.each(peer.signs)('with its signature on: %s', async (sign) => {
      await order({ sign })
      const of = browser()
      const page = await answerFor(of)
      expect(signedParts(messageOf(page, 'SAMLResponse'))).toEqual(
        sign === 'both' ? ['Response', 'Assertion'] : [sign === 'response' ? 'Response' : 'Assertion'],
      )
      expect([(await follow(of, page)).status, refused()]).toEqual([200, []])
    })

    it('the same person has the same sub the next time, another has another', async () => {
      const subs = [await signIn(browser()), await signIn(browser()), await signIn(browser(), 'bob')]
      const [first, second, other] = subs.map(({ sub }) => sub)
      expect(first).toBe(second)
      expect(first).not.toBe(other)
      // A plain one: the format and qualifiers are those that we have asked for.
      expect(first).not.toContain('[')
    })

    it('the same name of another Format is another person', async () => {
      const { sub } = await signIn(browser())
      await order({ format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified' })
      const other = await signIn(browser())
      expect(other.sub).not.toBe(sub)
      expect(JSON.parse(String(other.sub))).toContain(sub)
    })

    it('a person who is signed in there is asked for nothing', async () => {
      const of = browser()
      await signIn(of)
      create()
      const again = await of.open(`${app.url}/session/login?returnTo=/private`)
      expect(again.body).toContain('Continue')
      expect((await follow(of, again)).status).toBe(200)
    })
  })

  /** Signs out at the application, through all pages. */
  const signOut = async (of: Browser) => follow(of, await of.post(`${app.url}/session/logout`))
  const legOf = (leg: string) =>
    app.events.flatMap((event) =>
      event.type === 'logout.leg' && event.leg === leg ? [[event.state, event.reason]] : [],
    )

  describe('sign-out that begins here', () => {
    it.each(bindings)(
      'by %s: the peer verifies our LogoutRequest, and we its LogoutResponse',
      async (binding) => {
        create({ logoutBinding: binding })
        const [of, other] = [browser(), browser()]
        await signIn(of)
        await signIn(other, 'bob')
        const page = await signOut(of)
        expect(page.body).toContain('You are signed out here and at the sign-in service.')
        expect(legOf('identity')).toEqual([['done', undefined]])
        const { seen, people } = await state()
        expect(seen.at(-1)).toMatchObject({ message: 'LogoutRequest', binding, found: true, signature: null })
        expect(people).toEqual(['bob'])
        expect(await open(other)).toMatchObject({ state: 'active' })
      },
    )

    it.each(bindings)('by %s, of a session that is over there: its refusal is no yes', async (binding) => {
      create({ logoutBinding: binding })
      const of = browser()
      await signIn(of)
      await order({})
      await signOut(of)
      expect((await state()).seen).toMatchObject([{ message: 'LogoutRequest', found: false }])
      expect(legOf('identity')).toEqual([['refused', 'status']])
    })
  })

  describe('sign-out that begins there', () => {
    const ends = () => app.events.flatMap((event) => (event.type === 'session.ended' ? [event.reason] : []))
    const oneEnded = [['identity-ended'], { state: 'anonymous' }, { state: 'active' }]
    it.each(['redirect', 'post'] as const)(
      'by %s: we verify its LogoutRequest, and it our LogoutResponse',
      async (binding) => {
        const [of, other] = [browser(), browser()]
        await signIn(of)
        await signIn(other, 'bob')
        const page = await follow(of, await of.open(`${idp.url}/sign-out?binding=${binding}`))
        const answer = {
          status: `${status}Success`,
          substatus: null,
          RelayState: 'peer-state',
          signature: null,
        }
        expect([refused(), page.status, JSON.parse(page.body)]).toEqual([[], 200, answer])
        expect((await state()).seen.at(-1)).toMatchObject({ message: 'LogoutResponse', binding })
        expect([ends(), await open(of), await open(other)]).toMatchObject(oneEnded)
      },
    )

    it('by SOAP, without a browser', async () => {
      const [of, other] = [browser(), browser()]
      await signIn(of)
      await signIn(other, 'bob')
      expect([await idp.ask('/sign-out', { username: 'ana' }), refused()]).toEqual([
        { status: `${status}Success`, substatus: null, signature: null },
        [],
      ])
      expect([ends(), await open(of), await open(other)]).toMatchObject(oneEnded)
    })

    it.each(peer.encryptedNames)('with an encrypted name: %j', async (orders) => {
      create({ decryption: true })
      const [of, other] = [browser(), browser()]
      await signIn(of)
      await signIn(other, 'bob')
      await order(orders)
      const asked = await of.open(`${idp.url}/sign-out?binding=post`)
      expect(messageOf(asked, 'SAMLRequest')).toMatch(/EncryptedID/)
      const page = await follow(of, asked)
      expect([refused(), page.status, JSON.parse(page.body)]).toMatchObject([
        [],
        200,
        { status: `${status}Success` },
      ])
      expect([ends(), await open(of), await open(other)]).toMatchObject(oneEnded)
    })

    it.each([
      ['the SessionIndex of another person', async () => ({ index: await indexOf('bob') })],
      [
        'a name of another Format',
        async () => ({ format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' }),
      ],
    ])('with %s ends nobody, and says so', async (_, orders) => {
      const [of, other] = [browser(), browser()]
      await signIn(of)
      await signIn(other, 'bob')
      await order(await orders())
      expect(await idp.ask('/sign-out', { username: 'ana' })).toMatchObject({
        status: `${status}Requester`,
        substatus: `${status}UnknownPrincipal`,
      })
      expect([await open(of), await open(other)]).toMatchObject([{ state: 'active' }, { state: 'active' }])
    })
  })

  /** SessionIndex of a person at the peer. */
  async function indexOf(username: string): Promise<string> {
    const found = (await state()).indexes[username]
    if (found === undefined) throw new Error(`${username} has no session`)
    return found
  }

  describe('what was changed on the way is refused', () => {
    it.each(peer.signs)('a response with its signature on: %s', async (sign) => {
      await order({ sign })
      const of = browser()
      const page = await answerFor(of)
      const done = await follow(
        of,
        changed(page, 'SAMLResponse', (xml) => xml.replace('>ana<', '>bob<')),
      )
      expect([done.status, refused(), await open(of)]).toMatchObject([
        400,
        ['saml signature'],
        { state: 'anonymous' },
      ])
      // Nothing is used up by it.
      expect((await follow(of, page)).status).toBe(200)
    })

    it('an AuthnRequest of ours, by POST and in a query', async () => {
      create({ signInBinding: 'post' })
      const of = browser()
      const form = await of.open(`${app.url}/session/login`)
      const forced = (xml: string) =>
        xml.replace('<samlp:AuthnRequest', '<samlp:AuthnRequest IsPassive="true"')
      expect(await follow(of, changed(form, 'SAMLRequest', forced))).toMatchObject({
        status: 403,
        body: expect.stringMatching(peer.refusal),
      })
      create({ signInBinding: 'redirect' })
      const asked = await of.open(`${app.url}/session/login`)
      const [, query = ''] = /name="message" value="([^"]*)"/.exec(asked.body) ?? []
      const given = new URLSearchParams(query.replaceAll('&amp;', '&'))
      given.set('RelayState', 'another')
      expect(await of.open(`${idp.url}/sso?${given}`)).toMatchObject({
        status: 403,
        body: expect.stringMatching(peer.refusal),
      })
    })

    it('a LogoutRequest of ours, and one of the peer', async () => {
      create({ logoutBinding: 'post' })
      const of = browser()
      await signIn(of)
      const form = await of.open(`${idp.url}/sign-out?binding=post`)
      const renamed = (xml: string) => xml.replace(/(<[\w:]*NameID[^>]*>)[^<]*/, '$1somebody')
      expect((await follow(of, changed(form, 'SAMLRequest', renamed))).status).toBe(400)
      expect([refused(), await open(of)]).toMatchObject([['saml signature'], { state: 'active' }])
      const ours = await of.post(`${app.url}/session/logout`)
      const told = await follow(of, changed(ours, 'SAMLRequest', renamed), /submit/)
      expect(told).toMatchObject({ status: 403, body: expect.stringMatching(peer.refusal) })
    })

    it('a LogoutResponse of ours, and one of the peer: it is no yes', async () => {
      create({ logoutBinding: 'post' })
      const of = browser()
      await signIn(of)
      const failed = (xml: string) => xml.replace('status:Success', 'status:Responder')
      const asked = await of.open(`${idp.url}/sign-out?binding=post`)
      const ours = await of.press(asked, /./)
      expect(await follow(of, changed(ours, 'SAMLResponse', failed))).toMatchObject({
        status: 403,
        body: expect.stringMatching(peer.refusal),
      })
      const other = browser()
      await signIn(other)
      const left = await follow(of, await other.post(`${app.url}/session/logout`), /submit/)
      const back = await follow(other, changed(left, 'SAMLResponse', failed))
      expect([back.status, refused(), legOf('identity')]).toEqual([400, ['saml signature'], []])
    })
  })

  describe('what is signed and does not hold is refused', () => {
    it.each<readonly [string, Orders, string]>([
      ['another audience', { audience: 'https://permits.example/session/saml/metadata' }, 'saml audience'],
      ['a signature by SHA-1', { signature: 'SHA1' }, 'saml algorithm'],
    ])('%s', async (_, orders, problem) => {
      await order(orders)
      const of = browser()
      const done = await follow(of, await answerFor(of))
      expect([done.status, refused(), await open(of)]).toMatchObject([400, [problem], { state: 'anonymous' }])
    })

    it('an answer that is too old, by the clock of the application', async () => {
      const of = browser()
      const page = await answerFor(of)
      app.travel(120)
      expect([(await follow(of, page)).status, refused()]).toEqual([400, ['saml time']])
    })

    it('an answer that comes a second time, or in another browser', async () => {
      const of = browser()
      const page = await answerFor(of)
      expect((await follow(of, page)).status).toBe(200)
      expect((await follow(of, page)).status).toBe(400)
      expect((await follow(browser(), page)).status).toBe(400)
    })
  })

  describe('encryption', () => {
    it.each(peer.encryption)(
      '$orders.encrypt by $orders.cipher and $orders.transport, $orders.sign signed: $outcome',
      async ({ orders, outcome }) => {
        create({ decryption: true })
        await order(orders)
        const of = browser()
        const page = await answerFor(of)
        expect(messageOf(page, 'SAMLResponse')).toContain('CipherValue')
        const done = await follow(of, page)
        expect([done.status, refused()]).toEqual(outcome === 'taken' ? [200, []] : [400, [`saml ${outcome}`]])
        if (outcome !== 'taken') return
        expect(JSON.parse(done.body)).toMatchObject({ attributes: { [peer.uid]: ['ana'] } })
        // By the name that came encrypted.
        await signOut(of)
        expect(legOf('identity')).toEqual([['done', undefined]])
      },
    )
  })
}

/** Which elements of a message are signed, the outermost first. */
const signedParts = (xml: string): readonly string[] =>
  [...xml.matchAll(/<(?:\w+:)?(Response|Assertion)\b[^>]*?\bID="([^"]*)"/g)].flatMap(([, name, id]) =>
    xml.includes(`URI="#${id}"`) && name !== undefined ? [name] : [],
  )
