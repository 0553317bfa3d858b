/**
 * @module Equal names at different providers, on every store: whatever one provider says of a `sub`, `sid`, NameID or
 * SessionIndex, the session that another one has begun under the same name goes on as it was.
 */
import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Receipt, Store } from '../../src/index.js'
import type { Browser } from '../support/browser.js'
import { shown } from '../support/world.js'
import { createPlural, type Given, home, originOf, type PluralPlace, routesOf } from './plural.js'

/** A format by which every provider gives the same name to a person. */
const saml = { nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified' } as const

const providers = {
  'shared-cookie': { protocol: 'shared-cookie' },
  oidc: { protocol: 'oidc' },
  adfs: { protocol: 'oidc' },
  entra: { protocol: 'oidc' },
  saml: { protocol: 'saml', saml },
  eduid: { protocol: 'saml', saml },
  swamid: { protocol: 'saml', saml },
} as const satisfies Readonly<Record<string, Given>>
type Name = keyof typeof providers

/** A provider of each kind, and a second one with a name. */
export const ofEachKind: readonly Name[] = ['shared-cookie', 'oidc', 'adfs', 'saml', 'eduid']
export const all = Object.keys(providers) as readonly Name[]

type Pair = readonly [one: Name, other: Name]

/** One without a name stands for the provider of the shared cookie: what it ends is ended there too (`HLD-13`). */
const isSharedCookies = (one: Name, other: Name) =>
  other === 'shared-cookie' && (one === 'oidc' || one === 'saml')
const ofOthers = (chosen: readonly Pair[]) => chosen.filter(([one, other]) => !isSharedCookies(one, other))

/** A session as its provider names it. */
interface Held {
  readonly browser: Browser
  readonly sub: string
  readonly sid: string
  readonly before: unknown
}

/** What must not change by anything that another provider says. */
async function stateOf(place: PluralPlace, browser: Browser): Promise<unknown> {
  const { state, reason, provider, sub, assurance, session } = await place.who(browser)
  return { state, reason, provider, sub, assurance, startedAt: session?.startedAt, endsAt: session?.endsAt }
}

/** Declares the tests for a store, and for revocations in another one if there is one. */
export function describePairs(
  kind: string,
  names: readonly Name[],
  open: (clock: () => number) => { readonly store: Store; readonly revocations?: Store | undefined },
): void {
  /** Ordered: the one that speaks, and the one whose session bears the same names. */
  const pairs = names.flatMap((one) =>
    names.flatMap((other): readonly Pair[] => (one === other ? [] : [[one, other]])),
  )
  const speaksTo = (protocol: Given['protocol'], other?: Given['protocol']): readonly Pair[] =>
    pairs.filter(
      ([one, another]) =>
        providers[one].protocol === protocol &&
        (other ?? providers[another].protocol) === providers[another].protocol,
    )
  let place: PluralPlace
  const secret = 'a secret of the first that is thirty-two bytes or more'

  beforeAll(async () => {
    let opened: ReturnType<typeof open> | undefined
    place = await createPlural(Object.fromEntries(names.map((name) => [name, providers[name]])), {
      store: (clock) => {
        opened = open(clock)
        return opened.store
      },
      suite: {
        application: { secrets: [secret] },
        get revocations() {
          return opened?.revocations
        },
      },
    })
    // One key id for all, and as many keys as there are providers.
    for (const name of names) await place.emulator(name).rotateKeys({ kid: 'key-1', dropOld: true })
  }, 60_000)

  const hold = async (name: Name, browser = place.browser()): Promise<Held> => {
    place.travel(20)
    const visit = await place.signIn(browser, name)
    expect([visit.status, visit.url]).toEqual([200, `${home}/private`])
    return { browser, ...namesAt(name), before: await stateOf(place, browser) }
  }
  /** Gives a browser the shared cookie, under names that another provider has given. */
  const giveShared = async (browser: Browser, { sub, sid }: Pick<Held, 'sub' | 'sid'>): Promise<void> => {
    const emulator = place.emulator('shared-cookie')
    const claims = { ...decode(await emulator.tokenFor('ana')), sub, jti: sid }
    const cookies = emulator.cookieHeader(await emulator.signToken(claims))
    for (const cookie of cookies.split('; ')) {
      await browser.jar.setCookie(`${cookie}; Domain=benefits.example; Path=/; Secure`, home)
    }
  }
  const holdShared = async ({ sub, sid }: Pick<Held, 'sub' | 'sid'>): Promise<Held> => {
    const browser = place.browser()
    await giveShared(browser, { sub, sid })
    return { browser, sub, sid, before: await stateOf(place, browser) }
  }
  /** A session at each of the two, and both of the same names. */
  const holdBoth = async (one: Name, other: Name): Promise<readonly [own: Held, held: Held]> => {
    place.align()
    if (one === 'shared-cookie') {
      const held = await hold(other)
      return [await holdShared(held), held]
    }
    const own = await hold(one)
    const held = other === 'shared-cookie' ? await holdShared(own) : await hold(other)
    if (providers[one].protocol === providers[other].protocol) expect(own.sid).toBe(held.sid)
    if (providers[one].protocol === providers[other].protocol) expect(own.sub).toBe(held.sub)
    return [own, held]
  }
  const namesAt = (name: Name): Pick<Held, 'sub' | 'sid'> => {
    const emulator = place.emulator(name)
    switch (providers[name].protocol) {
      case 'oidc': {
        const newest = emulator.openid.participants().at(-1)
        return { sub: newest?.sub ?? '', sid: newest?.sid ?? '' }
      }
      case 'saml': {
        const newest = emulator.saml.participants.at(-1)
        return { sub: newest?.nameId.value ?? '', sid: newest?.sessionIndex ?? '' }
      }
      default: {
        const ana = emulator.people.find(({ username }) => username === 'ana')
        return { sub: ana?.sub ?? '', sid: emulator.sessions.at(-1)?.jti ?? '' }
      }
    }
  }
  const isAsBefore = async ({ browser, before }: Held): Promise<void> => {
    expect(before).toMatchObject({ state: 'active' })
    expect(await stateOf(place, browser)).toEqual(before)
  }
  const send = async (browser: Browser | undefined, request: Request): Promise<Response> => {
    const headers = new Headers(request.headers)
    const cookie = await browser?.cookieHeader(home)
    // Also what a browser would keep back from another site.
    if (cookie) headers.set('cookie', cookie)
    const body = request.method === 'POST' ? await request.text() : undefined
    return place.handle(new Request(request.url, { method: request.method, headers, body }))
  }

  describe(`BCL-21 equal names at different providers, ${kind}`, () => {
    describe.each(ofOthers(speaksTo('oidc')))('%s speaks, %s has begun the session', (one, other) => {
      it.each([
        ['sub and sid', (held: Held) => ({ sub: held.sub, sid: held.sid })],
        ['sid', (held: Held) => ({ sub: undefined, sid: held.sid })],
        ['sub', (held: Held) => ({ sub: held.sub, sid: undefined })],
      ])('BCL-21 a back-channel logout of the same %s ends nothing of it', async (_, claimsOf) => {
        const held = await hold(other)
        place.travel(1)
        const { sub, sid } = held
        const logout_token = await place
          .emulator(one)
          .openid.logoutToken('benefits', { sub, sid, claims: claimsOf(held) })
        const body = new URLSearchParams({ logout_token })
        const url = `${routesOf(one)}backchannel-logout`
        const answer = await send(held.browser, new Request(url, { method: 'POST', body }))
        expect(answer.status).toBe(200)
        await isAsBefore(held)
      })

      it('FCL-03 a front-channel logout of the same sid ends nothing of it', async () => {
        const held = await hold(other)
        for (const query of [
          { iss: originOf(one), sid: held.sid },
          { iss: originOf(other), sid: held.sid },
        ]) {
          const url = `${routesOf(one)}frontchannel-logout?${new URLSearchParams(query)}`
          expect((await send(held.browser, new Request(url))).status).toBe(200)
          await isAsBefore(held)
        }
      })

      it('its session management neither watches nor checks it', async () => {
        const held = await hold(other)
        const frame = await (await send(held.browser, new Request(`${routesOf(one)}check-session`))).text()
        expect(frame).toMatch(/no session to watch|sends no session_state/)
        const check = `${routesOf(one)}reauthenticate?begin=top&returnTo=/private`
        await held.browser.open(check, { from: home })
        await isAsBefore(held)
      })
    })

    describe.each(speaksTo('oidc', 'oidc'))('%s has a key of the same kid as %s', (one, other) => {
      it('JWT-11 and its signature is none of the other', async () => {
        const held = await hold(other)
        place.travel(1)
        const { iat, exp, events } = decode(await place.emulator(one).openid.logoutToken('benefits', held))
        const claims = {
          iss: originOf(other),
          aud: 'benefits',
          iat,
          exp,
          jti: randomUUID(),
          events,
          sub: held.sub,
          sid: held.sid,
        }
        const body = (logout_token: string) => new URLSearchParams({ logout_token })
        const url = `${routesOf(other)}backchannel-logout`
        const header = { typ: 'logout+jwt' }
        const forged = await place.emulator(one).signToken(claims, { header })
        const refused = await send(undefined, new Request(url, { method: 'POST', body: body(forged) }))
        expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('signature')])
        await isAsBefore(held)
        // The same by the right key is taken: nothing else was wrong with it.
        const good = await place.emulator(other).signToken(claims, { header })
        expect((await send(undefined, new Request(url, { method: 'POST', body: body(good) }))).status).toBe(
          200,
        )
        expect(await place.who(held.browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
      })
    })

    describe.each(ofOthers(speaksTo('saml')))('%s speaks, %s has begun the session', (one, other) => {
      it.each(
        (['redirect', 'post', 'soap'] as const).flatMap((binding) =>
          [true, false].map((hasIndex) => [binding, hasIndex ? 'and its SessionIndex' : 'alone'] as const),
        ),
      )('SLO-07 a LogoutRequest by %s of the same NameID %s ends nothing of it', async (binding, index) => {
        const held = await hold(other)
        place.travel(1)
        for (const reason of [undefined, 'urn:oasis:names:tc:SAML:2.0:logout:admin']) {
          const message = await place.emulator(one).saml.logoutRequest({
            serviceProvider: `${routesOf(one)}metadata`,
            binding,
            nameId: held.sub,
            sessionIndexes: index === 'alone' ? [] : [held.sid],
            overrides: { reason },
          })
          const answer = await send(binding === 'soap' ? undefined : held.browser, message.toRequest())
          expect(answer.status).toBeLessThan(400)
          await isAsBefore(held)
        }
      })
    })

    describe.each(speaksTo('saml', 'saml'))('%s has a key', (one, other) => {
      it(`that says nothing for ${other}`, async () => {
        const held = await hold(other)
        place.travel(1)
        const message = await place.emulator(one).saml.logoutRequest({
          serviceProvider: `${routesOf(one)}metadata`,
          binding: 'soap',
          nameId: held.sub,
          sessionIndexes: [held.sid],
          overrides: {
            issuer: place.emulator(other).saml.entityId,
            destination: `${routesOf(other)}soap`,
          },
        })
        const { body } = message
        const headers = { 'content-type': 'text/xml' }
        const sent = new Request(`${routesOf(other)}soap`, { method: 'POST', body: body ?? '', headers })
        expect(await (await send(undefined, sent)).text()).not.toContain('status:Success')
        await isAsBefore(held)
      })
    })

    describe.each(pairs)('%s and %s', (one, other) => {
      it('a sign-in at one neither ends, raises nor shows the session of the same names at the other', async () => {
        const [own, held] = await holdBoth(one, other)
        await isAsBefore(held)
        expect(own.before).toMatchObject({ state: 'active', provider: one })
        expect(held.before).toMatchObject({ state: 'active', provider: other })
        const { sessions } = place.suite
        const ids = async (name: Name) => {
          const found = await sessions.list({ issuer: issuerOf(place, name), subject: held.sub })
          return found.map(({ publicId }) => publicId)
        }
        const [ofOne, ofOther] = [await ids(one), await ids(other)]
        expect(ofOther.length).toBeGreaterThan(0)
        expect(ofOne.filter((id) => ofOther.includes(id))).toEqual([])
        await sessions.endAllOf({ issuer: issuerOf(place, one), subject: held.sub })
        await isAsBefore(held)
      })
    })

    describe.each(ofOthers(pairs))('%s and %s', (one, other) => {
      it('a sign-out everywhere at one ends nothing of the same names at the other', async () => {
        const [own, held] = await holdBoth(one, other)
        const form = new URLSearchParams({ scope: 'everywhere' })
        const init = { method: 'POST', body: form, from: home, headers: { accept: 'application/json' } }
        const answer = await own.browser.fetch(`${home}/session/logout`, init)
        const receipt = (await answer.json()) as Receipt
        // One with a name has no copies by the shared cookie, whoever else is called so there.
        const isNamed = one !== 'oidc' && one !== 'saml'
        const legs = isNamed ? ['sessions', 'cookies'] : ['sessions']
        for (const leg of legs) {
          expect(receipt.legs).toContainEqual(expect.objectContaining({ leg, state: 'done' }))
        }
        expect(await place.who(own.browser)).toMatchObject({ state: 'anonymous' })
        await isAsBefore(held)
      })
    })

    describe.each(speaksTo('oidc', 'oidc'))('%s no longer renews, %s does', (one, other) => {
      it('and a refusal of its refresh token ends nothing of the same names at the other', async () => {
        const [own, held] = await holdBoth(one, other)
        const { faults } = place.emulator(one)
        faults.set({ openid: { tokenError: 'invalid_grant' } })
        const renewed = () =>
          place.events.filter((event) => event.type === 'identity.refreshed' && event.provider === other)
        const before = renewed().length
        for (const seconds of [500, 500]) {
          place.travel(seconds)
          for (const { browser } of [own, held]) await browser.fetch(`${home}/private`)
        }
        faults.set({ openid: { tokenError: undefined } })
        expect(await place.who(own.browser)).toMatchObject({ state: 'anonymous' })
        expect(renewed().length).toBeGreaterThan(before)
        await isAsBefore(held)
      })
    })

    describe.each(ofOthers(speaksTo('oidc', 'shared-cookie')))('%s beside %s in one browser', (one) => {
      it('FCL-03 ends its own session by a frame, and leaves the shared cookie', async () => {
        const own = await hold(one)
        await giveShared(own.browser, own)
        const query = new URLSearchParams({ iss: originOf(one), sid: own.sid })
        const answer = await send(own.browser, new Request(`${routesOf(one)}frontchannel-logout?${query}`))
        expect(await answer.text()).toContain('<title>ended</title>')
        expect(answer.headers.getSetCookie().filter((line) => line.startsWith('c1_'))).toEqual([])
        expect(await place.who(own.browser)).toMatchObject({ state: 'active', provider: 'shared-cookie' })
      })
    })

    describe.each(ofOthers(speaksTo('saml', 'shared-cookie')))('%s beside %s in one browser', (one) => {
      it.each(['redirect', 'post'] as const)(
        'SLO-10 ends its own session by %s, and leaves the shared cookie',
        async (binding) => {
          const own = await hold(one)
          await giveShared(own.browser, own)
          place.travel(1)
          const message = await place.emulator(one).saml.logoutRequest({
            serviceProvider: `${routesOf(one)}metadata`,
            binding,
          })
          const answer = await send(own.browser, message.toRequest())
          expect(answer.headers.getSetCookie().filter((line) => line.startsWith('c1_'))).toEqual([])
          expect(answer.headers.getSetCookie()).toContainEqual(
            expect.stringMatching(/^__Host-benefits.sid=;/),
          )
          expect(await place.who(own.browser)).toMatchObject({ state: 'active', provider: 'shared-cookie' })
        },
      )
    })

    describe.each(pairs)('%s speaks, %s has ended the session', (one, other) => {
      it('RPI-13 what has ended is not resumed by a sign-in at the other', async () => {
        const held = await hold(other)
        const cookie = await held.browser.cookieHeader(home)
        place.travel(1)
        await place.suite.sessions.endAllOf({ issuer: issuerOf(place, other), subject: held.sub })
        place.travel(1)
        const ended = { state: 'anonymous', reason: 'revoked' }
        const ask = () => shown(place.handle(new Request(`${home}/open`, { headers: { cookie } })))
        expect(await ask()).toMatchObject(ended)
        await hold(one)
        expect(await ask()).toMatchObject(ended)
      })
    })
  })
}

const issuerOf = (place: PluralPlace, name: Name): string =>
  providers[name].protocol === 'saml' ? place.emulator(name).saml.entityId : originOf(name)

const decode = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
