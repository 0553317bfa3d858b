import * as jose from 'jose'
import * as oidc from 'openid-client'
import { describe, expect, it } from 'vitest'
import { logoutTokenFaults } from '../../src/emulator/faults/openid.js'
import type { LogoutTokenFault, OpenidClient } from '../../src/emulator/index.js'
import type { Browser } from '../support/browser.js'
import { clientOf, createOpenidWorld, type OpenidWorld, signInAt } from './openid-world.js'

const event = 'http://schemas.openid.net/event/backchannel-logout'

function logoutUrl(world: OpenidWorld, parameters: Readonly<Record<string, string | undefined>>) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value)
  return `${world.emulator.url}/runtime/openidconnect/logout.idp?${query}`
}

/** What a strict client checks of a logout token. */
async function verify(world: OpenidWorld, token: string, clientId: string) {
  const keys = jose.createLocalJWKSet({ keys: [...world.emulator.jwks().keys] })
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer: world.emulator.issuer,
    audience: clientId,
    algorithms: ['RS256'],
    typ: 'logout+jwt',
    requiredClaims: ['exp', 'iat', 'jti', 'events'],
    maxTokenAge: 120,
    currentDate: new Date(world.emulator.clock()),
  })
  const { events, nonce } = payload as { events: Readonly<Record<string, unknown>>; nonce?: unknown }
  if (JSON.stringify(events[event]) !== '{}' || nonce !== undefined) throw new Error('no logout token')
  if (payload.sub === undefined && payload.sid === undefined) throw new Error('nobody is meant')
  return payload
}

const tokenOf = (body: string) => new URLSearchParams(body).get('logout_token') ?? ''

async function signedIn(
  clients: readonly OpenidClient[],
  more: Partial<Parameters<typeof createOpenidWorld>[0]> = {},
) {
  const world = await createOpenidWorld({ ...more, openid: { clients, ...more.openid } })
  const browser = world.browser()
  const results = []
  for (const { client_id } of clients) results.push(await signInAt(world, browser, client_id))
  world.seen.length = 0
  return { world, browser, results, first: results[0] as (typeof results)[number] }
}

describe('RP-initiated logout', () => {
  it('ends the session, tells every client by the back channel, and returns with state', async () => {
    const { world, browser, first } = await signedIn([
      clientOf('sp1'),
      clientOf('sp2', { backchannel_logout_session_required: false }),
      clientOf('sp3', { backchannel_logout_uri: undefined }),
    ])
    const url = oidc.buildEndSessionUrl(first.party.configuration, {
      id_token_hint: first.tokens.id_token ?? '',
      post_logout_redirect_uri: 'https://sp1.example/bye',
      state: 'a&b',
    })
    const back = await browser.open(url.href)
    expect(back.url).toBe('https://sp1.example/bye?state=a%26b')
    expect(world.emulator.sessions).toEqual([])
    const posts = world.seen.filter(({ method }) => method === 'POST')
    expect(posts.map((post) => post.url).sort()).toEqual([
      'https://sp1.example/backchannel?own=1',
      'https://sp2.example/backchannel?own=1',
    ])
    const [toFirst, toSecond] = posts.sort((one, other) => one.url.localeCompare(other.url))
    expect(await verify(world, tokenOf(toFirst?.body ?? ''), 'sp1')).toMatchObject({
      sub: first.claims?.sub,
      sid: first.claims?.sid,
    })
    expect(await verify(world, tokenOf(toSecond?.body ?? ''), 'sp2')).not.toHaveProperty('sid')
    expect(world.emulator.openid.deliveries).toMatchObject([
      { outcome: 'delivered', status: 200, answer: 'arrived' },
      { outcome: 'delivered', status: 200 },
    ])
    expect(await browser.cookieNames(world.emulator.url)).toEqual(['OPBS'])
  })

  it('takes an old hint, as a form of another site too', async () => {
    const { world, browser, first } = await signedIn([clientOf('sp1')])
    world.emulator.travel(3500)
    const back = await browser.post(
      `${world.emulator.url}/runtime/openidconnect/logout.idp`,
      { id_token_hint: first.tokens.id_token ?? '', post_logout_redirect_uri: 'https://sp1.example/bye' },
      { from: 'https://sp1.example' },
    )
    expect([back.url, world.emulator.sessions]).toEqual(['https://sp1.example/bye', []])
  })

  it('asks the person without a hint, unless it is told not to', async () => {
    const { world, browser } = await signedIn([clientOf('sp1', { client_name: 'The <first>' })])
    const parameters = { client_id: 'sp1', post_logout_redirect_uri: 'https://sp1.example/bye', state: 's' }
    const question = await browser.open(logoutUrl(world, parameters))
    expect(question.body).toContain('The &lt;first&gt; asks to sign you out (Ana Archer)')
    expect(world.emulator.sessions).toHaveLength(1)
    const back = await browser.press(question, 'Sign out everywhere')
    expect([back.url, world.emulator.sessions]).toEqual(['https://sp1.example/bye?state=s', []])
    expect((await browser.press(question, 'Sign out everywhere')).status).toBe(400)

    const quick = await signedIn([clientOf('sp1')], {
      openid: { clients: [clientOf('sp1')], confirmsLogout: false },
    })
    expect((await quick.browser.open(logoutUrl(quick.world, parameters))).url).toBe(back.url)
  })

  it('returns when nobody is signed in any more', async () => {
    const { world, browser, first } = await signedIn([clientOf('sp1')])
    const url = logoutUrl(world, {
      id_token_hint: first.tokens.id_token,
      post_logout_redirect_uri: 'https://sp1.example/bye',
    })
    await browser.open(url)
    expect((await browser.open(url)).url).toBe('https://sp1.example/bye')
    expect(world.emulator.openid.deliveries).toHaveLength(1)
  })

  it('shows what came of it where there is nowhere to return to', async () => {
    const { world, browser, first } = await signedIn([clientOf('sp1')], {
      answer: () => new Response('no', { status: 400 }),
    })
    const page = await browser.open(logoutUrl(world, { id_token_hint: first.tokens.id_token }))
    expect(page.body).toContain('refused 400')
  })

  it('leaves the session of somebody else in this browser alone', async () => {
    const { world, first } = await signedIn([clientOf('sp1')])
    const other = world.browser()
    await signInAt(world, other, 'sp1', 'dan')
    await other.open(logoutUrl(world, { id_token_hint: first.tokens.id_token }))
    expect(world.emulator.sessions.map(({ username }) => username)).toEqual(['ana', 'dan'])
  })

  it.each<[string, Record<string, string>, string]>([
    [
      'an address that is not registered',
      { client_id: 'sp1', post_logout_redirect_uri: 'https://sp1.example/bye/' },
      'not registered',
    ],
    [
      'an address without a client',
      { post_logout_redirect_uri: 'https://sp1.example/bye' },
      'needs id_token_hint',
    ],
    ['an unknown client', { client_id: 'nobody' }, 'no client'],
    ['a hint that is not ours', { id_token_hint: 'x.y.z' }, 'not an id_token of ours'],
  ])('changes nothing for %s', async (_, parameters, message) => {
    const { world, browser } = await signedIn([clientOf('sp1')])
    const page = await browser.open(logoutUrl(world, parameters))
    expect([page.status, world.emulator.sessions.length]).toEqual([400, 1])
    expect(page.body).toContain(message)
  })

  it('changes nothing for a hint and a client that differ, or a parameter that comes twice', async () => {
    const { world, browser, first } = await signedIn([clientOf('sp1'), clientOf('sp2')])
    const url = logoutUrl(world, { id_token_hint: first.tokens.id_token, client_id: 'sp2' })
    for (const wrong of [url, `${logoutUrl(world, { state: 'a' })}&state=b`]) {
      expect((await browser.open(wrong)).status).toBe(400)
    }
    expect(world.emulator.sessions).toHaveLength(1)
  })

  it('frames every client with a front-channel address, and goes on', async () => {
    const { world, browser, first } = await signedIn([
      clientOf('sp1', { frontchannel_logout_uri: 'https://sp1.example/out' }),
      clientOf('sp2', {
        frontchannel_logout_uri: 'https://sp2.example/out?own=1',
        frontchannel_logout_session_required: true,
      }),
      clientOf('sp3'),
    ])
    const page = await browser.open(
      logoutUrl(world, {
        id_token_hint: first.tokens.id_token,
        post_logout_redirect_uri: 'https://sp1.example/bye',
      }),
    )
    const frames = [...page.body.matchAll(/data-src="([^"]*)"/g)].map(
      ([, src = '']) => new URL(src.replaceAll('&amp;', '&')),
    )
    expect(frames.map(({ origin, pathname }) => origin + pathname)).toEqual([
      'https://sp1.example/out',
      'https://sp2.example/out',
    ])
    expect(Object.fromEntries(frames[0]?.searchParams ?? [])).toEqual({})
    expect(Object.fromEntries(frames[1]?.searchParams ?? [])).toEqual({
      own: '1',
      iss: world.emulator.issuer,
      sid: first.claims?.sid,
    })
    expect(page.headers.get('content-security-policy')).toContain(
      'frame-src https://sp1.example https://sp2.example;',
    )
    expect(page.body).toContain('data-next="https://sp1.example/bye"')
    expect(world.emulator.sessions).toEqual([])
  })

  it('may not be there yet', async () => {
    const { world, browser, first } = await signedIn([clientOf('sp1')])
    world.emulator.faults.set({ openid: { withoutEndSession: true } })
    expect(world.emulator.openid.metadata).not.toHaveProperty('end_session_endpoint')
    const page = await browser.open(logoutUrl(world, { id_token_hint: first.tokens.id_token }))
    expect([page.status, world.emulator.sessions.length]).toEqual([404, 1])
  })
})

describe('back-channel logout', () => {
  const ways: readonly [string, (world: OpenidWorld, browser: Browser) => unknown][] = [
    ["the emulator's own logout", (world, browser) => browser.post(`${world.emulator.url}/logout`)],
    ['revoke', (world) => world.emulator.revoke('ana')],
    [
      'the control interface',
      (world) =>
        world.emulator.handle(
          new Request(`${world.emulator.url}/emulator/revoke`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{"session":"ana"}',
          }),
        ),
    ],
  ]
  it.each(ways)('follows %s', async (_, end) => {
    const { world, browser } = await signedIn([clientOf('sp1'), clientOf('sp2')], {
      emulator: { control: true },
    })
    await end(world, browser)
    await world.emulator.openid.settled()
    expect(world.emulator.openid.deliveries.map(({ clientId }) => clientId).sort()).toEqual(['sp1', 'sp2'])
    expect(world.seen).toHaveLength(2)
  })

  it('says nothing for sessions that time has ended, or a reset', async () => {
    const { world } = await signedIn([clientOf('sp1')])
    world.emulator.travel(100_000)
    expect([world.emulator.sessions, world.emulator.openid.participants()]).toEqual([[], []])
    world.emulator.reset()
    await world.emulator.openid.settled()
    expect(world.emulator.openid.deliveries).toEqual([])
  })

  it.each<[string, () => Response | Promise<Response>, object]>([
    ['200', () => new Response(null), { outcome: 'delivered', status: 200 }],
    ['204', () => new Response(null, { status: 204 }), { outcome: 'delivered', status: 204 }],
    [
      '400',
      () => Response.json({ error: 'x' }, { status: 400 }),
      { outcome: 'refused', answer: '{"error":"x"}' },
    ],
    [
      'a redirect',
      () => Response.redirect('https://sp1.example/x', 302),
      { outcome: 'refused', status: 302 },
    ],
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), { outcome: 'failed' }],
    ['silence', () => new Promise<Response>(() => {}), { outcome: 'timed-out' }],
  ])('notes %s, and lets no client hold the logout up', async (_, answer, expected) => {
    const client = clientOf('sp1')
    let isTold = false
    const { world, browser, first } = await signedIn([client], {
      openid: { clients: [client], backchannelTimeoutSeconds: 0.05 },
      answer: ({ method }) => {
        isTold ||= method === 'POST'
        return method === 'POST' ? answer() : new Response('arrived')
      },
    })
    const parameters = {
      id_token_hint: first.tokens.id_token,
      post_logout_redirect_uri: 'https://sp1.example/bye',
    }
    expect((await browser.open(logoutUrl(world, parameters))).url).toBe('https://sp1.example/bye')
    expect(isTold).toBe(true)
    expect(world.emulator.openid.deliveries).toMatchObject([{ clientId: 'sp1', ...expected }])
  })

  const acceptable: readonly LogoutTokenFault[] = ['sub-only', 'sid-only', 'replayed']
  it.each(logoutTokenFaults.filter((fault) => fault !== 'not-sent'))('can be wrong: %s', async (fault) => {
    const { world, first } = await signedIn([clientOf('sp1')])
    world.emulator.faults.set({ openid: { logoutToken: fault } })
    world.emulator.revoke('ana')
    await world.emulator.openid.settled()
    const tokens = world.seen.map(({ body }) => tokenOf(body))
    expect(tokens).toHaveLength(fault === 'replayed' ? 2 : 1)
    expect(new Set(tokens).size).toBe(1)
    const verified = verify(world, tokens[0] ?? '', 'sp1')
    if (!acceptable.includes(fault)) {
      await expect(verified).rejects.toThrow()
      return
    }
    const { sub, sid } = await verified
    expect([sub, sid]).toEqual([
      fault === 'sid-only' ? undefined : first.claims?.sub,
      fault === 'sub-only' ? undefined : first.claims?.sid,
    ])
  })

  it('can be left out', async () => {
    const { world } = await signedIn([clientOf('sp1')])
    world.emulator.faults.set({ openid: { logoutToken: 'not-sent' } })
    world.emulator.revoke('ana')
    await world.emulator.openid.settled()
    expect(world.seen).toEqual([])
    expect(world.emulator.openid.deliveries).toMatchObject([{ clientId: 'sp1', outcome: 'not-sent' }])
  })

  it('makes tokens to post by yourself', async () => {
    const { world, first } = await signedIn([clientOf('sp1'), clientOf('sp2')])
    const { openid } = world.emulator
    expect(await verify(world, await openid.logoutToken('sp1'), 'sp1')).toMatchObject({
      sub: first.claims?.sub,
      sid: first.claims?.sid,
    })
    const changed = await openid.logoutToken('sp1', {
      sub: 'x',
      hasSid: false,
      claims: { jti: 'mine', aud: ['sp1', 'sp2'] },
    })
    const payload = await verify(world, changed, 'sp2')
    expect(payload).toMatchObject({ sub: 'x', jti: 'mine' })
    expect(payload).not.toHaveProperty('sid')
    const old = await openid.logoutToken('sp1', { fault: 'older-provider' })
    expect([jose.decodeProtectedHeader(old).typ, jose.decodeJwt(old).exp]).toEqual(['JWT', undefined])
    const none = await openid.logoutToken('sp1', { signature: { alg: 'none' } })
    expect(none.endsWith('.')).toBe(true)
    await expect(openid.logoutToken('nobody')).rejects.toMatchObject({ code: 'emulator' })
    world.emulator.reset()
    await expect(openid.logoutToken('sp1')).rejects.toMatchObject({ code: 'emulator' })
    expect(jose.decodeJwt(await openid.logoutToken('sp1', { sub: 'y' })).sub).toBe('y')
  })
})
