import { describe, expect, it } from 'vitest'
import type { SuiteOptions } from '../../src/index.js'
import { createWorld, shown } from '../support/world.js'

const benefits = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'
const long = { tokenSeconds: 86_400, idleSeconds: 86_400, sessionSeconds: 86_400 }

const two = (onIdle: 'reauthenticate' | 'resume' | 'end-everywhere'): Record<string, SuiteOptions> => ({
  benefits: { application: { onIdle } },
  library: { application: { sensitivity: 'basic' } },
})

const reasonOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { reason: unknown }).reason

describe('an application end', () => {
  it('leaves the sibling alone, and the shared cookie does not bring the session back', async () => {
    const world = await createWorld({ applications: two('reauthenticate'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await browser.open(`${library}/private`)
    world.travel(601)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('idle-timeout')
    }
    expect((await browser.fetch(`${library}/private`)).status).toBe(200)
    const names = await browser.cookieNames(benefits)
    expect(names).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
  })

  it('reauthenticate: the page says why, its button asks the provider anew, and a new session begins', async () => {
    const world = await createWorld({ applications: two('reauthenticate'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(601)
    const page = await browser.open(`${benefits}/private`)
    expect(page.url).toBe(`${benefits}/session/login?returnTo=%2Fprivate`)
    expect(page.body).toContain('You were away for a while')
    const login = await browser.press(page, 'Sign in')
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
    const back = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(back.url).toBe(`${benefits}/private`)
    const citizen = JSON.parse(back.body)
    expect(citizen.session.startedAt).toBe(world.now())
    expect(citizen.assurance.authenticatedAt).toBe(world.now())
  })

  it('ASV-09 reauthenticate: where the provider hands back the old session, a page says so and offers the way out', async () => {
    const world = await createWorld({
      applications: {
        benefits: {
          application: { onIdle: 'reauthenticate' },
          identityProvider: { reauthenticateParameters: { ignored: 'yes' } },
        },
      },
      emulator: long,
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(601)
    const page = await browser.open(`${benefits}/private`)
    const back = await browser.press(page, 'Sign in')
    expect(back.status).toBe(401)
    expect(back.url).toContain(`${benefits}/session/return`)
    expect(back.body).toContain('returned the session that has ended')
    const login = await browser.press(back, 'Sign out everywhere and sign in again')
    expect(login.url).toContain(`${world.emulator.url}/login`)
    const again = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(again.url).toBe(`${benefits}/private`)
    expect(again.status).toBe(200)
  })

  it('resume: the button lifts it without a password, and the absolute limit stays', async () => {
    const world = await createWorld({ applications: two('resume'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const began = world.now()
    world.travel(601)
    const page = await browser.open(`${benefits}/private`)
    const back = await browser.press(page, 'Sign in')
    expect(back.url).toBe(`${benefits}/private`)
    const citizen = JSON.parse(back.body)
    expect(citizen.session.startedAt).toBe(began)
    expect(citizen.session.endsAt).toBe(began + 43_200_000)
  })

  it.each([
    ['idle-timeout', 'of itself', 200],
    ['application-sign-out', 'by the button', 200],
    ['idle-timeout', 'and gave way to another session', 1],
    ['too-many-sessions', 'for another session', 1],
  ] as const)('resume: an older token brings no factor back after %s %s', async (reason, how, most) => {
    const [benefitsOptions, others] = [two('resume').benefits, two('resume')]
    const application = { ...benefitsOptions?.application, sessionsPerPerson: most }
    const world = await createWorld({
      applications: { ...others, benefits: { application } },
      emulator: long,
    })
    const { emulator, now } = world
    const browser = world.browser()
    const tokenOf = async (isMore: boolean, jti = 'one') => {
      const claims = { iss: emulator.issuer, sub: 'ana', jti, mfaRequired: false }
      const iat = now() / 1000
      const shown = { isMfa: isMore, isDidAuth: isMore, iat, exp: iat + 1800 }
      return emulator.cookieHeader(await emulator.signToken({ ...claims, ...shown }))
    }
    const take = async (token: string) => {
      const site = `; Domain=${new URL(benefits).hostname.replace(/^[^.]+\./, '')}; Path=/`
      for (const part of token.split('; ')) await browser.jar.setCookie(part + site, benefits)
    }
    const assurance = async () => (await (await browser.fetch(`${benefits}/private`)).json()).assurance
    const resume = async (token: string) => {
      const { path } = await browser.post(`${benefits}/session/login`, {}, { from: benefits })
      await take(token)
      await browser.open(new URL(path[1] ?? '').searchParams.get('returnTo') ?? '')
    }
    const copy = await tokenOf(true)
    await take(copy)
    expect(await assurance()).toEqual({ level: 2, method: 'did' })
    world.travel(2)
    const newest = await tokenOf(false)
    await take(newest)
    expect(await assurance()).toEqual({ level: 1, method: 'password' })
    if (reason === 'idle-timeout') world.travel(601)
    if (how === 'by the button')
      await browser.press(await browser.open(`${benefits}/session/logout`), 'Sign out only here')
    if (how === 'and gave way to another session')
      expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe(reason)
    if (most === 1) {
      const headers = { cookie: await tokenOf(true, 'another'), 'sec-fetch-site': 'same-origin' }
      const other = new Request(`${benefits}/private`, { headers })
      expect((await world.application('benefits').handle(other)).status).toBe(200)
    }
    await take(copy)
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe(reason)
    await resume(copy)
    expect(await assurance()).toEqual({ level: 1, method: 'password' })
    // What the provider gives from then on counts as ever.
    world.travel(2)
    await take(await tokenOf(true))
    expect(await assurance()).toEqual({ level: 2, method: 'did' })
  })

  it('resume: a GET, a foreign POST or a transaction from before the end lifts nothing', async () => {
    const world = await createWorld({ applications: two('resume'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(590)
    world.travel(20)
    await browser.open(`${benefits}/session/login`)
    await browser.open(`${benefits}/session/return?state=${'x'.repeat(32)}`)
    const foreign = await browser.post(`${benefits}/session/login`, {}, { from: library })
    expect(foreign.status).toBe(403)
    const evil = await browser.post(`${benefits}/session/login`, {}, { from: 'https://evil.example' })
    expect(evil.status).toBe(403)
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('idle-timeout')
  })

  it('NIST-07 an absolute end is lifted by nothing but a new authentication, resume or not', async () => {
    const world = await createWorld({
      applications: {
        benefits: { application: { onIdle: 'resume', absoluteSeconds: 900, idleSeconds: 900 } },
      },
      emulator: long,
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(901)
    const page = await browser.open(`${benefits}/private`)
    expect(page.body).toContain('reached its longest time')
    const login = await browser.press(page, 'Sign in')
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
  })

  it('NIST-07 resume: an idle end whose absolute limit has passed since asks anew in the same press', async () => {
    const world = await createWorld({
      applications: {
        benefits: { application: { onIdle: 'resume', absoluteSeconds: 900, idleSeconds: 600 } },
      },
      emulator: long,
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(1000)
    const page = await browser.open(`${benefits}/private`)
    expect(page.body).toContain('You were away for a while')
    const login = await browser.press(page, 'Sign in')
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
    const back = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect([back.url, back.status]).toEqual([`${benefits}/private`, 200])
    expect(JSON.parse(back.body).session).toMatchObject({
      startedAt: world.now(),
      endsAt: world.now() + 900_000,
    })
  })

  it('end-everywhere: the next activity signs the person out of the siblings as well', async () => {
    const world = await createWorld({ applications: two('end-everywhere'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await browser.open(`${library}/private`)
    world.travel(601)
    await browser.fetch(`${benefits}/session/status`)
    expect((await browser.fetch(`${library}/private`)).status).toBe(200)
    await browser.open(`${benefits}/open`)
    expect(await reasonOf(await browser.fetch(`${library}/private`))).toBe('signed-out')
  })

  it('sign out here: this application only, and its shared cookie does not bring it back', async () => {
    const world = await createWorld({ applications: two('resume'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await browser.open(`${library}/private`)
    const confirm = await browser.open(`${benefits}/session/logout`)
    const done = await browser.press(confirm, 'Sign out only here')
    expect(done.body).toContain('Only this application has signed you out')
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('application-sign-out')
    expect((await browser.fetch(`${library}/private`)).status).toBe(200)
    const page = await browser.open(`${benefits}/private`)
    expect((await browser.press(page, 'Sign in')).url).toBe(`${benefits}/private`)
  })
})

describe('the hint', () => {
  it('shows that the person signed out elsewhere', async () => {
    const world = await createWorld({ applications: two('resume'), emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    for (const name of ['c1_header', 'c1_payload', 'c1_signature']) {
      await browser.jar.setCookie(`${name}=; Domain=citizen.example; Path=/; Max-Age=0`, benefits)
    }
    const saved = await browser.cookieHeader(benefits)
    expect(saved).toContain('__Host-benefits.seen=')
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('signed-out')
    expect(world.application('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'session.ended', reason: 'signed-out' }),
    )
    expect(await browser.cookieNames(benefits)).toEqual([])
  })

  it('does not mistake a cookie whose time is over for a sign-out', async () => {
    const world = await createWorld({ emulator: { tokenSeconds: 300, idleSeconds: 86_400 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(400)
    for (const name of ['c1_header', 'c1_payload', 'c1_signature']) {
      await browser.jar.setCookie(`${name}=; Domain=citizen.example; Path=/; Max-Age=0`, benefits)
    }
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('token-expired')
    const page = await browser.open(`${benefits}/private`)
    expect(page.url).toBe(`${benefits}/private`)
  })

  it('with a wrong secret changes nothing', async () => {
    const world = await createWorld({ emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(benefits)
    const hint = /__Host-benefits\.seen=([^;]*)/.exec(cookie)?.[1] ?? ''
    const forged = `${hint.slice(0, -2)}${hint.endsWith('AA') ? 'BB' : 'AA'}`
    const request = new Request(`${benefits}/private`, {
      headers: { cookie: `__Host-benefits.seen=${forged}` },
    })
    expect(await reasonOf(await world.application('benefits').handle(request))).toBe('not-signed-in')
    expect((await browser.fetch(`${benefits}/private`)).status).toBe(200)
  })

  it('is not believed on a request from another site', async () => {
    const world = await createWorld({ emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const hint = /__Host-benefits\.seen=[^;]*/.exec(await browser.cookieHeader(benefits))?.[0] ?? ''
    const request = new Request(`${benefits}/private`, {
      headers: { cookie: hint, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
    })
    expect(await reasonOf(await world.application('benefits').handle(request))).toBe('not-signed-in')
    expect((await browser.fetch(`${benefits}/private`)).status).toBe(200)
  })

  it('CK-08 another person with the same browser: the old session ends, the new one begins with the next request', async () => {
    const world = await createWorld({ emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits', 'ana')
    const ana = await shown(await browser.fetch(`${benefits}/session/status`))
    for (const pair of (await world.emulator.cookiesFor('dan')).split('; ')) {
      await browser.jar.setCookie(`${pair}; Domain=citizen.example; Path=/; Secure`, benefits)
    }
    expect(await reasonOf(await browser.fetch(`${benefits}/private`))).toBe('identity-changed')
    const events = world.application('benefits').events
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'session.ended',
        reason: 'identity-changed',
        publicId: ana.session.publicId,
      }),
    )
    expect(events).toContainEqual(expect.objectContaining({ type: 'session.identity-changed' }))
    const dan = await shown(await browser.fetch(`${benefits}/private`))
    expect(dan.state).toBe('active')
    expect(dan.session.publicId).not.toBe(ana.session.publicId)
  })
})

describe('a rise in assurance', () => {
  it('ASV-03 brings a new generation; the old public id is gone', async () => {
    const world = await createWorld({ emulator: long })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const before = await shown(await browser.fetch(`${benefits}/private`))
    const [session] = world.emulator.sessions
    const claims = { mfaRequired: true, isMfa: true, isDidAuth: true, jti: session?.jti, sub: before.sub }
    const seconds = Math.floor(world.now() / 1000)
    const token = await world.emulator.signToken({
      ...claims,
      iss: world.emulator.issuer,
      iat: seconds,
      exp: seconds + 86_400,
    })
    const cookie = world.emulator.cookieHeader(token)
    const request = () =>
      world.application('benefits').handle(new Request(`${benefits}/level2`, { headers: { cookie } }))
    const after = await shown(await request())
    expect(after).toMatchObject({ state: 'active', assurance: { level: 2, method: 'did' } })
    expect(after.session.publicId).not.toBe(before.session.publicId)
    expect(after.session.startedAt).toBe(before.session.startedAt)
  })

  it('mfaRequired without isMfa opens nothing, and leads to the second factor', async () => {
    const world = await createWorld({ emulator: long })
    const browser = world.browser()
    const login = await browser.open(`${benefits}/private`)
    const second = await browser.press(login, /^Sign in$/, { username: 'ben', password: 'ben-password' })
    expect(second.url).toContain(`${world.emulator.url}/second-factor`)
    const closed = await browser.fetch(`${benefits}/private`)
    expect(closed.status).toBe(401)
    expect(await closed.json()).toMatchObject({ code: 'second-factor-required' })
    const again = await browser.open(`${benefits}/private`)
    expect(again.url).toContain(`${world.emulator.url}/second-factor`)
    const code = world.emulator.messages[0]?.code ?? ''
    const done = await browser.press(again, 'Continue', { code: world.emulator.messages[0]?.code ?? code })
    expect(done.url).toBe(`${benefits}/private`)
    expect(JSON.parse(done.body).assurance.method).toBe('mfa')
  })
})

describe('away for longer than the token lives', () => {
  it.each([
    ['reauthenticate', 'login'],
    ['resume', null],
  ] as const)(
    '%s: the page says that the idle time is over, and its button leads back in',
    async (onIdle, prompt) => {
      const world = await createWorld({ applications: { benefits: { application: { onIdle } } } })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      world.travel(2100)
      expect(await reasonOf(await browser.fetch(`${benefits}/session/status`))).toBe('idle-timeout')
      const page = await browser.open(`${benefits}/private`)
      expect(page.body).toContain('You were away for a while')
      const next = await browser.press(page, 'Sign in')
      if (prompt === null) {
        expect(next.url).toBe(`${benefits}/private`)
        return
      }
      expect(new URL(next.url).searchParams.get('prompt')).toBe(prompt)
      const back = await browser.press(next, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      expect(back.url).toBe(`${benefits}/private`)
      expect(back.status).toBe(200)
    },
  )

  it('without a hint the end is found on the return only, and the page has the same button', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(2100)
    await browser.jar.setCookie('__Host-benefits.seen=; Path=/; Max-Age=0; Secure', benefits)
    const page = await browser.open(`${benefits}/private`)
    expect(page.url).toContain(`${benefits}/session/return`)
    expect(page.body).toContain('You were away for a while')
    const login = await browser.press(page, 'Sign in')
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
  })
})

describe('sign out here', () => {
  it('holds also where no request had begun the session yet', async () => {
    const world = await createWorld({ emulator: long })
    const cookie = await world.emulator.cookiesFor('ana')
    const { handle } = world.application('benefits')
    const headers = {
      cookie,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    }
    await handle(
      new Request(`${benefits}/session/logout`, { method: 'POST', headers, body: 'scope=application' }),
    )
    expect(await reasonOf(await handle(new Request(`${benefits}/private`, { headers: { cookie } })))).toBe(
      'application-sign-out',
    )
  })
})

describe('a stated time of authentication', () => {
  /** Somebody who signed out here only 10 s after a token that says when they had authenticated. */
  const left = async (authenticated: number) => {
    const world = await createWorld({ applications: two('reauthenticate'), emulator: long })
    const browser = world.browser()
    const { emulator: provider } = world
    const seconds = () => Math.floor(world.now() / 1000)
    const start = seconds()
    /** A token whose authentication was so many seconds after the start, by the provider's clock. */
    const put = async (authenticatedAt: number) => {
      const claims = {
        mfaRequired: false,
        isMfa: false,
        isDidAuth: false,
        jti: 'one session value',
        sub: 'somebody',
        iss: provider.issuer,
        iat: seconds(),
        exp: seconds() + 3600,
        auth_time: start + authenticatedAt,
      }
      const cookie = provider.cookieHeader(await provider.signToken(claims))
      for (const pair of cookie.split('; ')) {
        await browser.jar.setCookie(`${pair}; Domain=citizen.example; Path=/; Secure`, benefits)
      }
    }
    await put(authenticated)
    await browser.open(`${benefits}/private`)
    world.travel(10)
    await browser.post(`${benefits}/session/logout`, { scope: 'application' })
    const comeBack = async () => {
      const page = await browser.open(`${benefits}/private`)
      const login = await browser.press(page, 'Sign in')
      return browser.open(new URL(login.url).searchParams.get('returnTo') ?? '')
    }
    return { world, put, comeBack }
  }

  it('lifts an end only if it is later than the end, and than what the ended session stood on', async () => {
    // The provider's clock is 20 s ahead of ours.
    const { put, comeBack } = await left(20)
    expect((await comeBack()).status).toBe(401)
    // Within the skew: further ahead a time proves nothing (`HLD-05`).
    await put(35)
    expect((await comeBack()).url).toBe(`${benefits}/private`)
  })

  it('HLD-09 lifts it where the provider’s clock is behind: later by that clock, in a login begun after the end', async () => {
    // 20 s behind, as everything that the provider says.
    const { world, put, comeBack } = await left(-20)
    world.travel(3)
    expect((await comeBack()).status).toBe(401)
    await put(-7)
    expect((await comeBack()).url).toBe(`${benefits}/private`)
  })

  it('HLD-09 lifts nothing by one that was over long before the login began', async () => {
    const { world, put, comeBack } = await left(-20)
    world.travel(60)
    await put(5)
    expect((await comeBack()).status).toBe(401)
  })
})
