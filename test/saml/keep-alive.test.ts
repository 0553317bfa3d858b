/** @module `saml({ keepAlive })`: the provider's session is extended by passive requests, once for all, and nothing else happens. */
import { describe, expect, it } from 'vitest'
import type { SamlOptions as ProviderOptions, SamlResponseOrder } from '../../src/emulator/index.js'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { decidePassive, type PassiveAnswer } from '../../src/saml/keep-alive/decision.js'
import type { SamlOptions } from '../../src/saml/saml.js'
import { requestIdOf } from '../../src/saml/service-provider.js'
import type { Browser, Visit } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { createSamlWorld, entityOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const home = urlOf('benefits')
const acs = `${home}/session/saml/acs`
const framed = { from: home, headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' } }
const every = 900

describe('the decision table', () => {
  const noPassive = { kind: 'status', subcode: 'NoPassive', isSigned: true } as const
  it.each<[string, PassiveAnswer, string, string, string]>([
    ['the same person', { kind: 'assertion', isSamePerson: 'yes' }, 'kept', 'kept', 'kept'],
    [
      'another person',
      { kind: 'assertion', isSamePerson: 'no' },
      'identity-changed',
      'identity-changed',
      'identity-changed',
    ],
    [
      'a name that is new each time',
      { kind: 'assertion', isSamePerson: 'unknown' },
      'failed',
      'failed',
      'failed',
    ],
    ['NoPassive', noPassive, 'no-passive', 'no-passive', 'identity-ended'],
    [
      'NoPassive that nobody signed',
      { ...noPassive, isSigned: false },
      'no-passive',
      'no-passive',
      'no-passive',
    ],
    ['another refusal', { ...noPassive, subcode: 'RequestDenied' }, 'failed', 'failed', 'failed'],
    ['a refusal without a second code', { ...noPassive, subcode: undefined }, 'failed', 'failed', 'failed'],
    ['an answer that does not hold', { kind: 'invalid' }, 'failed', 'failed', 'failed'],
  ])('%s', (_, answer, inFrame, atTopFirst, atTopLater) => {
    const plain = { isSentAsForm: false, isOvertaken: false }
    expect(decidePassive(answer, { ...plain, place: 'frame', isExtendedAtTop: true })).toBe(inFrame)
    expect(decidePassive(answer, { ...plain, place: 'top', isExtendedAtTop: false })).toBe(atTopFirst)
    expect(decidePassive(answer, { ...plain, place: 'top', isExtendedAtTop: true })).toBe(atTopLater)
    // Cookies may not have come with a form, and what has been said since stands.
    for (const given of [{ isSentAsForm: true }, { isOvertaken: true }]) {
      const doubtful = { ...plain, ...given, place: 'top', isExtendedAtTop: true } as const
      expect(decidePassive(answer, doubtful)).toBe(atTopFirst)
    }
  })
})

/** An application whose person is signed in, and what the provider is asked. */
async function signedIn(
  by: 'frame' | 'navigation' | 'none',
  {
    username = 'ana',
    saml,
    provider,
  }: { username?: string; saml?: Partial<SamlOptions>; provider?: Partial<ProviderOptions> } = {},
) {
  const given = { saml: { keepAlive: { by }, ...saml } }
  const world = await createSamlWorld(
    { benefits: given, permits: {} },
    provider === undefined ? {} : { provider },
  )
  const browser = world.browser()
  await world.signIn(browser, 'benefits', username)
  const asked = () => world.emulator.requests['saml-sign-on']
  const before = asked()
  return { world, browser, asked: () => asked() - before, ...stepsOf(world, browser) }
}

function stepsOf(world: SamlWorld, browser: Browser, home = urlOf('benefits')) {
  const stepIn = ({ body }: Visit) => /"step":"([^"]+)"/.exec(body)?.[1]
  return {
    stepIn,
    /** The person does something that is no page. */
    act: () => browser.fetch(`${home}/open`),
    /** Lets time go by in which the person does something now and then. */
    async goOn(seconds: number) {
      for (let left = seconds; left > 0; left -= 600) {
        world.travel(Math.min(left, 600))
        await browser.fetch(`${home}/open`)
      }
    },
    /** What our frame does when it is due: a frame within it goes to the provider and comes back. */
    async askInFrame(given = browser) {
      return stepIn(
        await world.follow(given, await given.open(`${home}/session/saml/keep-alive?begin=frame`, framed)),
      )
    },
    openPage: async () => world.follow(browser, await browser.open(`${home}/private`)),
    state: () => world.who(browser, 'benefits'),
    expiresAt: () => world.emulator.sessions[0]?.expiresAt ?? 0,
  }
}

describe('in a frame', () => {
  it('extends the provider’s session while the person is active, when that is due', async () => {
    const { world, act, askInFrame, asked, expiresAt, state, browser } = await signedIn('frame')
    const [first, begun] = [expiresAt(), (await state()).session]
    world.travel(every - 1)
    await act()
    const early = await browser.open(`${home}/session/saml/keep-alive?begin=frame`, framed)
    expect(early.body).toContain(
      '{"type":"citizen-session:keep-alive","step":"kept","dueInMilliseconds":1000}',
    )
    expect(asked()).toBe(0)
    world.travel(1)
    expect(await askInFrame()).toBe('kept')
    expect(asked()).toBe(1)
    expect(expiresAt()).toBe(first + every * 1000)
    // Our own session is as it was: no activity, no new beginning, no new name.
    expect((await state()).session).toMatchObject({
      publicId: begun.publicId,
      startedAt: begun.startedAt,
      endsAt: begun.endsAt,
    })
    expect(await askInFrame()).toBe('kept')
    expect(asked()).toBe(1)
    expect(world.party('benefits').events.at(-1)).toMatchObject({
      type: 'identity.refreshed',
      result: 'extended',
    })
  })

  it('lets the session at the provider outlast its idle time, and without it that ends', async () => {
    for (const by of ['frame', 'none'] as const) {
      const { world, goOn, askInFrame } = await signedIn(by)
      for (let count = 0; count < 5; count += 1) {
        await goOn(every)
        if (by === 'frame') expect(await askInFrame()).toBe('kept')
      }
      expect(world.emulator.sessions).toHaveLength(by === 'frame' ? 1 : 0)
    }
  })

  it('NIST-06 asks nobody for a person who only leaves the page open', async () => {
    const { world, askInFrame, asked, browser, state } = await signedIn('frame')
    const { session } = await state()
    world.travel(every + 100)
    await browser.fetch(`${home}/session/status`)
    expect(await askInFrame()).toBe('idle')
    expect(asked()).toBe(0)
    // Neither the frame nor its question counts as activity.
    const { session: after } = await (await browser.fetch(`${home}/session/status`)).json()
    expect(after.lastSeenAt).toBe(session.lastSeenAt)
  })

  it('REF-1 asks once for all tabs and instances', async () => {
    const { world, browser, act, asked } = await signedIn('frame')
    const other = world.instance('benefits', { saml: { keepAlive: { by: 'frame' } } })
    world.travel(every)
    await act()
    const begin = `${home}/session/saml/keep-alive?begin=frame`
    const first = await browser.fetch(begin, { headers: framed.headers })
    expect(first.headers.get('location')).toMatch(/^https:\/\/id\.citizen\.example\/saml\/sso\?SAMLRequest=/)
    const headers = { ...framed.headers, cookie: await browser.cookieHeader(home) }
    for (const handle of [world.party('benefits').handle, other.handle]) {
      expect(await (await handle(new Request(begin, { headers }))).text()).toContain('"step":"busy"')
    }
    // A tab that never comes back: after a minute another one may.
    world.travel(61)
    expect((await other.handle(new Request(begin, { headers }))).status).toBe(302)
    expect(asked()).toBe(0)
  })

  it('takes NoPassive for nothing, and leaves the provider alone for an hour', async () => {
    const { goOn, askInFrame, asked, state, world } = await signedIn('frame')
    await goOn(4000)
    expect(world.emulator.sessions).toEqual([])
    expect(await askInFrame()).toBe('no-passive')
    expect(await state()).toMatchObject({ state: 'active', degraded: false })
    await goOn(3590)
    expect(await askInFrame()).toBe('busy')
    expect(asked()).toBe(1)
    await goOn(20)
    expect(await askInFrame()).toBe('no-passive')
    expect(world.party('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'warning', code: 'saml-no-passive' }),
    )
  })

  it('REF-2 an outage ends nobody: neither a provider that is away nor one that answers nonsense', async () => {
    const { world, act, askInFrame, state, browser, stepIn, goOn } = await signedIn('frame', {
      saml: { polling: { everySeconds: 60, keepSeconds: 3600 } },
    })
    world.sites.set(providerUrl, async () => new Response('', { status: 503 }))
    await goOn(5000)
    expect(await askInFrame()).toBe('failed')
    expect(await state()).toMatchObject({ state: 'active' })
    world.sites.set(providerUrl, (request) => world.emulator.handle(request))
    world.travel(299)
    await act()
    expect(await askInFrame()).toBe('busy')
    world.travel(2)
    await act()
    const sent = await browser.fetch(`${home}/session/saml/keep-alive?begin=frame`, {
      headers: framed.headers,
    })
    const relayState = new URL(sent.headers.get('location') ?? '').searchParams.get('RelayState') ?? ''
    const back = await browser.post(
      acs,
      { SAMLResponse: Buffer.from('<a/>').toString('base64'), RelayState: relayState },
      framed,
    )
    expect(stepIn(back)).toBe('failed')
    expect(await state()).toMatchObject({ state: 'active' })
  })

  it('says that a visit has not come back, as where the provider may not be framed', async () => {
    const { world, browser, act, askInFrame } = await signedIn('frame')
    const warnings = () =>
      world
        .party('benefits')
        .events.filter((event) => event.type === 'warning' && event.code === 'saml-keep-alive')
    const { from: _, ...asFrame } = framed
    const begin = () => browser.fetch(`${home}/session/saml/keep-alive?begin=frame`, asFrame)
    world.travel(every)
    await act()
    expect((await begin()).status).toBeLessThan(400)
    expect(warnings()).toEqual([])
    world.travel(61)
    await begin()
    expect(warnings()).toMatchObject([{ message: expect.stringContaining('has not come back') }])
    world.travel(61)
    expect(await askInFrame()).toBe('kept')
    expect(warnings()).toHaveLength(2)
    // What has come back since is not missed.
    world.travel(every)
    await act()
    expect(await askInFrame()).toBe('kept')
    expect(warnings()).toHaveLength(2)
  })

  it('begins only for a page of ours', async () => {
    const { browser, world, act, asked } = await signedIn('frame')
    world.travel(every)
    await act()
    for (const from of [urlOf('permits'), providerUrl]) {
      const refused = await browser.fetch(`${home}/session/saml/keep-alive?begin=frame`, { from })
      expect(refused.status).toBe(403)
    }
    expect(asked()).toBe(0)
  })

  it('is a frame of ours alone, which may hold the provider and nobody else', async () => {
    const { browser, world } = await signedIn('frame')
    const policyOf = async (given: Browser) =>
      (await given.open(`${home}/session/saml/keep-alive`, framed)).headers.get('content-security-policy') ??
      ''
    expect(await policyOf(browser)).toContain("frame-ancestors 'self'")
    expect(await policyOf(browser)).toContain(`frame-src 'self' ${providerUrl};`)
    const nobody = await world.browser().open(`${home}/session/saml/keep-alive`, framed)
    expect(nobody.body).toContain('no session to keep alive by this frame')
  })

  it.each([
    ['frame', '/session/saml/keep-alive#'],
    ['navigation', ''],
    ['none', ''],
  ] as const)('by %s the browser client is told of a frame, or of none', async (by, path) => {
    const { browser } = await signedIn(by)
    const { frame, session } = await (await browser.fetch(`${home}/session/status`)).json()
    expect(frame).toBe(path === '' ? null : `${path}${session.publicId}`)
  })

  it('is not there unless it is asked for', async () => {
    const { browser } = await signedIn('none')
    expect((await browser.open(`${home}/session/saml/keep-alive?begin=frame`, framed)).status).toBe(404)
  })
})

describe('what the answer says of the person', () => {
  /** Asks in a frame, and makes the answer that the provider would for that order. */
  const ask = async (
    place: Awaited<ReturnType<typeof signedIn>>,
    order: Omit<SamlResponseOrder, 'serviceProvider'>,
    afterSeconds = every,
  ) => {
    const { world, browser, act, stepIn } = place
    world.travel(afterSeconds)
    await act()
    const sent = await browser.fetch(`${home}/session/saml/keep-alive?begin=frame`, {
      headers: framed.headers,
    })
    const relayState = new URL(sent.headers.get('location') ?? '').searchParams.get('RelayState') ?? ''
    const serviceProvider = entityOf('benefits')
    const inResponseTo = requestIdOf('sign-in', relayState)
    const message = await world.emulator.saml.response({
      serviceProvider,
      inResponseTo,
      relayState,
      ...order,
    })
    return async () => stepIn(await browser.post(acs, { ...message.fields, again: '1' }, framed))
  }
  /** The same, and sends it. */
  const answering = async (...given: Parameters<typeof ask>) => {
    const send = await ask(...given)
    return { step: await send(), send }
  }
  const jtiOf = ({ world }: Awaited<ReturnType<typeof signedIn>>) => world.emulator.sessions[0]?.jti
  const strong = 'https://refeds.org/profile/mfa'

  it('of the same session it counts: a factor and a role that were added, and that were taken back', async () => {
    const claims: SamlOptions['claims'] = ({ attributes }) => ({ roles: attributes.get('role') ?? [] })
    const place = await signedIn('frame', { saml: { claims } })
    const { state, browser, world } = place
    const session = jtiOf(place)
    const known = async () => {
      const headers = { cookie: await browser.cookieHeader(home) }
      const exchange = new TestExchange(new Request(`${home}/open`, { headers }))
      const citizen = await world.party('benefits').suite.authenticate(exchange)
      return [citizen.claims?.roles, (await browser.fetch(`${home}/mfa`)).status]
    }
    const more = { authnContext: strong, attributes: { role: 'clerk' } }
    expect((await answering(place, { username: 'ana', session, assertion: more })).step).toBe('kept')
    expect(await state()).toMatchObject({ assurance: { level: 2, method: 'mfa' } })
    expect(await known()).toEqual([['clerk'], 200])
    expect((await answering(place, { username: 'ana', session })).step).toBe('kept')
    expect(await state()).toMatchObject({ assurance: { level: 1, method: 'password' } })
    expect(await known()).toEqual([[], 401])
  })

  it('of another session of the same person nothing rises, and what is less counts', async () => {
    const place = await signedIn('frame')
    const { state } = place
    const before = await state()
    const other = { username: 'ana', level: 'password' } as const
    expect((await answering(place, { ...other, assertion: { authnContext: strong } })).step).toBe('kept')
    expect(await state()).toMatchObject({
      session: { publicId: before.session.publicId },
      assurance: before.assurance,
    })
    // Nor by the second answer about it, whose index is known by now.
    const again = { username: 'ana', session: place.world.emulator.sessions.at(-1)?.jti }
    expect((await answering(place, { ...again, assertion: { authnContext: strong } })).step).toBe('kept')
    expect(await state()).toMatchObject({ assurance: before.assurance })
    const session = place.world.emulator.sessions[0]?.jti
    await answering(place, { username: 'ana', session, assertion: { authnContext: strong } })
    expect(await state()).toMatchObject({ assurance: { level: 2 } })
    expect((await answering(place, other)).step).toBe('kept')
    expect(await state()).toMatchObject({ assurance: { level: 1 } })
  })

  it('by whichever session the provider has heard of last, its logout ends ours', async () => {
    for (const index of [0, 1]) {
      const place = await signedIn('frame')
      const { world, state, browser } = place
      await answering(place, { username: 'ana' })
      const named = world.emulator.saml.participants[index]
      expect(world.emulator.saml.participants).toHaveLength(2)
      const order = { serviceProvider: entityOf('benefits'), binding: 'soap', nameId: named?.nameId } as const
      const message = await world.emulator.saml.logoutRequest({
        ...order,
        sessionIndexes: [named?.sessionIndex ?? ''],
      })
      const answer = await browser.fetch(message.url, {
        method: 'POST',
        body: message.body ?? '',
        headers: { 'content-type': 'text/xml' },
      })
      expect(await answer.text()).toContain('status:Success"/>')
      expect(await state()).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    }
  })

  it('CK-08 of another person it ends the session, and begins none', async () => {
    const place = await signedIn('frame')
    expect((await answering(place, { username: 'dan' })).step).toBe('identity-changed')
    expect(await place.state()).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
    expect(place.world.party('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'session.identity-changed' }),
    )
  })

  it('by a name that is another one each time it counts where the session is the same, and else says nothing', async () => {
    const format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
    const place = await signedIn('frame', { saml: { nameIdFormat: format } })
    const { world, state, browser } = place
    const before = await state()
    const sessionIndex = world.emulator.saml.participants[0]?.sessionIndex ?? ''
    const session = jtiOf(place)
    const nameId = {
      value: '_another',
      format,
      nameQualifier: world.emulator.saml.entityId,
      spNameQualifier: entityOf('benefits'),
    }
    expect(
      (await answering(place, { username: 'ana', session, assertion: { nameId, sessionIndex } })).step,
    ).toBe('kept')
    expect(await state()).toMatchObject({ sub: before.sub, session: { publicId: before.session.publicId } })
    // And the provider's logout by that name ends it.
    const stranger = {
      nameId: { ...nameId, value: '_third' },
      sessionIndex: '_other',
      authnInstant: world.now(),
    }
    expect((await answering(place, { username: 'dan', assertion: stranger })).step).toBe('failed')
    expect(await state()).toMatchObject({ state: 'active' })
    const order = {
      serviceProvider: entityOf('benefits'),
      binding: 'soap',
      nameId,
      sessionIndexes: [sessionIndex],
    } as const
    const { url, body = '' } = await world.emulator.saml.logoutRequest(order)
    await browser.fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/xml' } })
    expect(await state()).toMatchObject({ state: 'anonymous' })
  })

  it('that was overtaken by a later one raises nothing, gives no role back, and takes a factor away', async () => {
    const claims: SamlOptions['claims'] = ({ attributes }) => ({ roles: attributes.get('role') ?? [] })
    const place = await signedIn('frame', { saml: { claims } })
    const { world, state, browser } = place
    const session = jtiOf(place)
    const roles = async () => {
      const headers = { cookie: await browser.cookieHeader(home) }
      const exchange = new TestExchange(new Request(`${home}/open`, { headers }))
      return (await world.party('benefits').suite.authenticate(exchange)).claims?.roles
    }
    const more = { authnContext: strong, attributes: { role: 'clerk' } }
    const late = await ask(place, { username: 'ana', session, assertion: more })
    world.travel(61)
    expect((await answering(place, { username: 'ana', session }, 1)).step).toBe('kept')
    expect(await late()).toBe('kept')
    expect([(await state()).assurance.level, await roles()]).toEqual([1, []])

    const less = await ask(place, { username: 'ana', session, assertion: { attributes: { role: 'chief' } } })
    world.travel(61)
    expect((await answering(place, { username: 'ana', session, assertion: more }, 1)).step).toBe('kept')
    expect([(await state()).assurance.level, await roles()]).toEqual([2, ['clerk']])
    expect(await less()).toBe('kept')
    expect([(await state()).assurance.level, await roles()]).toEqual([1, ['clerk']])
  })

  it('counts once', async () => {
    const place = await signedIn('frame')
    const { step, send } = await answering(place, { username: 'ana', session: jtiOf(place) })
    expect(step).toBe('kept')
    const { length } = place.world.party('benefits').events
    expect(await send()).toBeUndefined()
    expect(place.world.party('benefits').events.slice(length)).toMatchObject([
      { type: 'token.rejected', problem: 'saml unsolicited' },
    ])
  })

  it('counts for the session alone that asked: not for one that a sign-in has begun since', async () => {
    const { world, browser, act, stepIn } = await signedIn('frame')
    world.travel(every)
    await act()
    const sent = await browser.open(`${home}/session/saml/keep-alive?begin=frame`, framed)
    world.travel(5)
    const login = await browser.open(`${home}/session/login?returnTo=/private&maxAge=1`)
    const asked = await world.follow(browser, login)
    const typed = { username: 'ana', password: 'ana-password' }
    expect((await world.follow(browser, await browser.press(asked, /^Sign in$/, typed))).status).toBe(200)
    const { length } = world.party('benefits').events
    expect(stepIn(await world.follow(browser, sent))).toBe('no-session')
    expect(world.party('benefits').events.slice(length)).toEqual([])
  })

  it('HLD-05 is asked for although a clock was put back, and then not each time', async () => {
    const place = await signedIn('frame')
    const { world, act, askInFrame, asked } = place
    world.travel(-7200)
    const assertion = { authnInstant: world.now() }
    expect((await answering(place, { username: 'ana', session: jtiOf(place), assertion })).step).toBe('kept')
    world.travel(every - 1)
    await act()
    expect(await askInFrame()).toBe('kept')
    expect(asked()).toBe(0)
    world.travel(1)
    await act()
    expect((await answering(place, { username: 'ana', session: jtiOf(place), assertion })).step).toBe('kept')
  })

  it('a later SessionNotOnOrAfter lets the session last, and a sooner one ends it sooner', async () => {
    const place = await signedIn('frame')
    const { world, state } = place
    const session = jtiOf(place)
    const limit = (await state()).session.endsAt
    const until = (seconds: number) => ({ sessionNotOnOrAfter: world.now() + seconds * 1000 })
    await answering(place, { username: 'ana', session, assertion: until(every + 1200) })
    const sooner = (await state()).session.endsAt
    expect(sooner).toBeLessThan(limit)
    await answering(place, { username: 'ana', session, assertion: until(every + 7200) })
    expect((await state()).session.endsAt).toBeGreaterThan(sooner)
    await answering(place, { username: 'ana', session, assertion: until(10 * 86_400) })
    expect((await state()).session.endsAt).toBe(limit)
  })
})

describe('on the way to a page', () => {
  const isAtProvider = ({ path }: Visit) =>
    path.some((url) => url.startsWith(`${home}/session/saml/keep-alive?begin=top`))

  it('goes by way of the provider once, when that is due, and comes to the page', async () => {
    const { world, browser, openPage, asked, expiresAt, goOn } = await signedIn('navigation')
    const first = expiresAt()
    await goOn(every)
    const page = await openPage()
    expect([page.url, page.status, asked()]).toEqual([`${home}/private`, 200, 1])
    expect(expiresAt()).toBe(first + every * 1000)
    const next = await browser.open(`${home}/private`)
    expect([isAtProvider(next), next.status, asked()]).toEqual([false, 200, 1])
    expect(await browser.cookieNames(home)).not.toEqual(
      expect.arrayContaining([expect.stringContaining('detour')]),
    )
    await goOn(every)
    await openPage()
    expect(asked()).toBe(2)
    expect(world.party('benefits').events.filter(({ type }) => type === 'identity.refreshed')).toHaveLength(2)
  })

  it('HLD-05 does not go round with each page once a clock is put back', async () => {
    const { world, openPage, browser, asked, act } = await signedIn('navigation')
    world.travel(-7200)
    await act()
    expect((await openPage()).status).toBe(200)
    for (let count = 0; count < 3; count += 1) {
      world.travel(20)
      expect(isAtProvider(await browser.open(`${home}/private`))).toBe(false)
    }
    expect(asked()).toBe(1)
  })

  it('leads nobody away who sends a form, fetches, polls, or looks at a page of no guard', async () => {
    const { browser, goOn, asked, world } = await signedIn('navigation')
    await goOn(every)
    // Behind a proxy that takes Sec-Fetch away: nobody can tell a script that asks for HTML from a page.
    const headers = { cookie: await browser.cookieHeader(home), accept: 'text/html' }
    const unsaid = await world.party('benefits').handle(new Request(`${home}/private`, { headers }))
    expect(unsaid.status).toBe(200)
    for (const visit of [
      await browser.post(`${home}/private`, { note: 'x' }),
      await browser.open(`${home}/open`),
      await browser.open(`${home}/private`, { headers: { 'sec-fetch-dest': 'iframe' } }),
      await browser.open(`${home}/private`, { headers: { 'sec-purpose': 'prefetch' } }),
    ]) {
      expect([visit.status, isAtProvider(visit)]).toEqual([200, false])
    }
    expect((await browser.fetch(`${home}/private`)).status).toBe(200)
    expect(asked()).toBe(0)
  })

  it('takes the first NoPassive for nothing: the page comes, and the next one straight', async () => {
    const { openPage, goOn, asked, state, browser } = await signedIn('navigation')
    await goOn(4000)
    const page = await openPage()
    expect([page.url, page.status, asked()]).toEqual([`${home}/private`, 200, 1])
    const next = await browser.open(`${home}/private`)
    expect([next.status, isAtProvider(next)]).toEqual([200, false])
    expect(await state()).toMatchObject({ state: 'active' })
  })

  it('takes it for the end where the provider has answered without a page before', async () => {
    const { openPage, goOn, world } = await signedIn('navigation')
    await goOn(every)
    expect((await openPage()).status).toBe(200)
    await goOn(4000)
    const page = await openPage()
    // Nobody at the provider: the guard leads to the login.
    expect(page.url).toMatch(/^https:\/\/id\.citizen\.example\/login|\/session\/login/)
    expect(world.party('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'session.ended', reason: 'identity-ended' }),
    )
  })

  it('takes it for nothing where the request went as a form, which brings no Lax cookies', async () => {
    // On one site they come all the same: the provider answers without a page first.
    const name = 'benefits.citizen'
    const page = `${urlOf(name)}/private`
    const { url, secrets, id } = { url: urlOf(name), secrets: ['x'.repeat(32)], id: 'benefits' }
    const world = await createSamlWorld({
      [name]: {
        saml: { keepAlive: { by: 'navigation' }, signInBinding: 'post' },
        suite: { application: { url, secrets, id, sensitivity: 'basic' } },
      },
    })
    const browser = world.browser()
    await world.signIn(browser, name)
    const openPage = async () => world.follow(browser, await browser.open(page))
    const { goOn } = stepsOf(world, browser, url)
    await goOn(every)
    expect((await openPage()).url).toBe(page)
    expect(world.party(name).events.at(-1)).toMatchObject({ type: 'identity.refreshed' })
    await goOn(4000)
    expect((await openPage()).url).toBe(page)
    expect(world.party(name).events.at(-1)).toMatchObject({ type: 'warning', code: 'saml-no-passive' })
    expect(await world.who(browser, name)).toMatchObject({ state: 'active' })
  })

  it.each(['read', 'claimOnce', 'lease', 'update', 'releaseLease'] as const)(
    'REF-2 leaves nobody on the way where the store is away in the midst of it: %s',
    async (name) => {
      let isAway = false
      const store = (clock: () => number): Store => {
        const memory = memoryStore({ clock })
        const fail = () => Promise.reject(new StoreUnavailableError('away'))
        return new Proxy(memory, {
          get: (target, asked) => (isAway && asked === name ? fail : (Reflect.get(target, asked) as unknown)),
        })
      }
      const given = { saml: { keepAlive: { by: 'navigation' } } } as const
      const world = await createSamlWorld({ benefits: given }, { store })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      await stepsOf(world, browser).goOn(every)
      const atProvider = await browser.open(`${home}/private`)
      expect(atProvider.url).toContain(providerUrl)
      isAway = true
      const page = await world.follow(browser, atProvider)
      expect(page.url).toBe(`${home}/private`)
      isAway = false
      expect((await browser.open(`${home}/private`)).status).toBe(200)
      expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
      expect(page.path.filter((url) => url.includes('begin=top'))).toEqual([])
    },
  )

  it('leads nobody in a circle whose browser keeps no cookie of a detour', async () => {
    const { world, browser, goOn, asked } = await signedIn('navigation')
    await goOn(every)
    world.sites.set(home, async (request) => {
      // The start page is behind a guard as well.
      const isStart = new URL(request.url).pathname === '/'
      const asWanted = isStart ? new Request(`${home}/private?start`, request) : request
      const answer = await world.party('benefits').handle(asWanted)
      const cookies = answer.headers.getSetCookie().filter((cookie) => !cookie.includes('.detour.'))
      const headers = new Headers(answer.headers)
      headers.delete('set-cookie')
      for (const cookie of cookies) headers.append('set-cookie', cookie)
      return new Response(answer.body, { status: answer.status, headers })
    })
    for (const path of ['/private', '/private?again']) {
      expect((await browser.open(`${home}${path}`)).status).toBe(200)
    }
    expect(isAtProvider(await browser.open(`${home}/private`))).toBe(false)
    expect(asked()).toBe(0)
  })

  it('REF-2 leads nobody in a circle while the provider is away', async () => {
    const { world, browser, goOn, openPage, asked } = await signedIn('navigation', {
      saml: { polling: { everySeconds: 60, keepSeconds: 3600 } },
    })
    world.sites.set(providerUrl, async () => new Response('', { status: 503 }))
    await goOn(5000)
    const page = await openPage()
    expect([page.url, page.status, asked()]).toEqual([`${home}/private`, 200, 0])
    expect(isAtProvider(await browser.open(`${home}/private`))).toBe(false)
  })

  it('begins only for a detour of this browser', async () => {
    const { world, browser, goOn, asked } = await signedIn('navigation')
    await goOn(every)
    const visit = await browser.open(`${home}/session/saml/keep-alive?begin=top&state=made-up`, {
      from: urlOf('permits'),
    })
    expect([visit.url, asked()]).toEqual([`${home}/`, 0])
    // Nobody is led on to where a stranger says.
    expect(
      (
        await world
          .browser()
          .open(`${home}/session/saml/keep-alive?begin=top&state=x&returnTo=https://evil.example`)
      ).url,
    ).toBe(`${home}/`)
  })
})
