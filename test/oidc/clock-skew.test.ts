/** @module A provider whose clock is apart from ours: what counts as a new authentication, and what does not. */
import { describe, expect, it } from 'vitest'
import { createPlace, home } from '../attacks/oidc-place.js'

const onIdle = 'reauthenticate'

/** A place whose provider's clock is behind ours (below 0: ahead), as seen in all of its times. */
function createSkewed(clockSkewSeconds: number, behind: number) {
  const place = createPlace({ oidc: { clockSkewSeconds }, suite: { application: { onIdle } } })
  const providerNow = () => place.now() / 1000 - behind
  /** The person proves who they are now. */
  const authenticate = () => {
    place.script.authTime = providerNow()
  }
  const tell = () => {
    place.script.claims = { iat: providerNow(), exp: providerNow() + 300 }
  }
  place.script.onAuthorize = tell
  authenticate()
  return { ...place, authenticate }
}

describe('HLD-09 a new authentication by the clock of a provider within the skew', () => {
  it.each([
    [60, 0],
    [60, 50],
    [60, -50],
    [30, 25],
    [5, 4],
  ])('of %i s is taken for one where it is %i s behind', async (skew, behind) => {
    const place = createSkewed(skew, behind)
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(9 * 3600)
    expect(await place.state(browser)).toMatchObject({ reason: 'idle-timeout' })
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    place.authenticate()
    const back = await browser.press(page, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/private'])
  })

  it('is not taken for one beyond it', async () => {
    const place = createSkewed(5, 9)
    place.script.claims = {}
    place.script.onAuthorize = () => undefined
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(9 * 3600)
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    place.authenticate()
    expect((await browser.press(page, 'Sign in')).status).toBe(401)
  })
})

describe('HLD-09 between two times of the provider’s own clock there is no skew', () => {
  /** Sign-in, sign-out seconds later that does not reach the provider, and a login that is answered at once. */
  const again = async (
    behind: number,
    sids: readonly [string | undefined, string | undefined],
    isNew: boolean,
  ) => {
    const place = createSkewed(60, behind)
    const browser = place.browser()
    place.script.sid = sids[0]
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.travel(4)
    const end = await browser.post(`${home}/session/logout`)
    expect(end.status).toBeLessThan(400)
    place.travel(4)
    place.script.sid = sids[1]
    if (isNew) place.authenticate()
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    if (page.body.includes('Sign in')) await browser.press(page, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    return (await place.state(browser)).state
  }
  const sessions = [
    ['of the same name', ['s1', 's1']],
    ['of another name', ['s1', 's2']],
    ['without names', [undefined, undefined]],
  ] as const
  const clocks = [0, 50, -50]
  const rows = sessions.flatMap(([name, sids]) => clocks.map((behind) => [name, behind, sids] as const))

  it.each(rows)(
    'a silent sign-in after a sign-out, sessions %s, provider %i s behind, brings nobody in',
    async (_, behind, sids) => {
      expect(await again(behind, sids, false)).toBe('anonymous')
    },
  )

  it.each(rows)(
    'a new password after it does, sessions %s, provider %i s behind',
    async (_, behind, sids) => {
      expect(await again(behind, sids, true)).toBe('active')
    },
  )
})

describe('HLD-09 a guard that wants a recent authentication', () => {
  it.each([
    [60, 50],
    [60, -50],
    [30, 25],
  ])('of %i s lets in who has just authenticated, provider %i s behind', async (skew, behind) => {
    const place = createSkewed(skew, behind)
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(360)
    const page = await browser.fetch(`${home}/session/login?returnTo=/private&maxAge=20`)
    place.travel(5)
    place.authenticate()
    const there = await browser.open(page.headers.get('location') ?? '')
    expect([there.status, new URL(there.url).pathname]).toEqual([200, '/private'])
    // And no longer than it says.
    place.travel(21)
    const again = await browser.fetch(`${home}/session/login?returnTo=/private&maxAge=20`)
    expect(new URL(again.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
  })
})

describe('HLD-09 after a sign-out here only', () => {
  /** Sign-in, sign-out here only seconds later, and a login with the same session at the provider. */
  const again = async (behind: number, isNew: boolean) => {
    const place = createSkewed(60, behind)
    place.script.sid = 's1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(4)
    await browser.post(`${home}/session/logout`, { scope: 'application' })
    place.travel(4)
    const page = await browser.open(`${home}/private`)
    if (isNew) place.authenticate()
    const back = await browser.press(page, 'Sign in')
    return [back.status, new URL(back.url).pathname]
  }

  it.each([0, 7, 50, -50])(
    'a new authentication at a provider %i s behind lets in at once',
    async (behind) => {
      expect(await again(behind, true)).toEqual([200, '/private'])
    },
  )

  it.each([0, 7, 50, -50])('the old one at a provider %i s behind does not', async (behind) => {
    expect((await again(behind, false))[0]).toBe(401)
  })
})
