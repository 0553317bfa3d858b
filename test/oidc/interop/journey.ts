/** @module One person's way through npm's `oidc-provider`, as it is configured: what came of each step, in a word. */
import type { CitizenEvent } from '../../../src/index.js'
import type { OidcOptions } from '../../../src/oidc/oidc.js'
import type { Browser, Visit } from '../../support/browser.js'
import { createInteropWorld, type InteropOptions, type InteropWorld, unasked } from './provider.js'

/** What differs at the provider, its client or the application. */
export interface Circumstances extends InteropOptions {
  readonly oidc?: Partial<OidcOptions> | undefined
  /** How far the application's clock is ahead; seconds. Default 0. */
  readonly ahead?: number | undefined
}

/** What came of each step. */
export interface Journey {
  /** `in`, or the status of the page and the words of the event. */
  readonly signIn: string
  /** Whether the request was pushed. */
  readonly isPushed: boolean
  /** Where the claim `email` came from. */
  readonly email: 'UserInfo' | 'ID token' | 'none'
  /** `renewed`, or why not. */
  readonly refresh: string
  /** State of the leg, and its reason. */
  readonly tokens: string
  readonly identity: string
  /** Whether a sign-out at the provider itself ended the session here. `no page`: nobody can sign out there. */
  readonly told: 'yes' | 'no' | 'no page'
}

/** What comes of them where nothing is in the way. */
export const usual: Journey = {
  signIn: 'in',
  isPushed: true,
  email: 'UserInfo',
  refresh: 'renewed',
  tokens: 'done',
  identity: 'done',
  told: 'yes',
}

const settings: Partial<OidcOptions> = {
  scope: 'openid offline_access email',
  userInfoClaims: ['email'],
  userInfoAtRefresh: true,
  // The request that finds a renewal due sees how it ends, on a machine that is busy too.
  refresh: { afterSeconds: 20, waitMilliseconds: 4000 },
}

/** Goes the whole way: signs in and out at the provider, then in again, renews, and signs out here. */
export async function goThrough({ oidc, ahead = 0, ...more }: Circumstances): Promise<Partial<Journey>> {
  const given = (more.provider?.features ?? {}) as Readonly<Record<string, unknown>>
  const hasPages = (given.devInteractions as { readonly enabled?: boolean } | undefined)?.enabled === true
  const features = { devInteractions: { enabled: hasPages }, ...given }
  const provider = { ...(hasPages ? {} : unasked), ...more.provider, features }
  const world = await createInteropWorld({ ...settings, ...oidc }, { ...more, provider })
  world.travel(ahead)
  try {
    const other = world.browser()
    const visit = await signIn(world, other, hasPages)
    if (!/^\{"sub":"[^"]+"\}$/.test(visit.body)) return { signIn: refusalOf(world, visit) }
    const told = await signOutThere(world, other)
    const browser = world.browser()
    await signIn(world, browser, hasPages)
    const isPushed = world.asked.includes('/request')
    const email = await emailOf(world, browser)
    return { signIn: 'in', isPushed, email, told, ...(await renewAndLeave(world, browser)) }
  } finally {
    world.close()
  }
}

/** Signs in; where the provider has no pages nobody is asked. A form that comes by the browser goes on by itself. */
async function signIn(world: InteropWorld, browser: Browser, hasPages: boolean): Promise<Visit> {
  if (hasPages) return world.signIn(browser)
  let visit = await browser.open(`${world.home}/private`)
  while (/<form method="post"/.test(visit.body)) visit = await browser.press(visit, /^(?:Continue|)$/)
  return visit
}

const stateOf = async (world: InteropWorld, browser: Browser) =>
  (await (await browser.fetch(`${world.home}/`)).json()) as Readonly<Record<string, unknown>>

async function emailOf(world: InteropWorld, browser: Browser): Promise<Journey['email']> {
  if ((await stateOf(world, browser)).email !== 'ana@example.gov') return 'none'
  return world.asked.includes('/me') ? 'UserInfo' : 'ID token'
}

async function renewAndLeave(
  world: InteropWorld,
  browser: Browser,
): Promise<Pick<Journey, 'refresh' | 'tokens' | 'identity'>> {
  world.travel(21)
  await browser.fetch(`${world.home}/private`)
  const degraded = latest(world.events, 'identity.degraded')
  const isRenewed = latest(world.events, 'identity.refreshed') !== undefined
  const refresh = isRenewed ? 'renewed' : (degraded?.problem ?? 'nothing')
  const page = await browser.post(`${world.home}/session/logout`, { scope: 'everywhere', returnTo: '/' })
  if (new URL(page.url).origin === world.issuer) await confirm(world, browser, page)
  const legs = world.events.flatMap((event) => (event.type === 'logout.leg' ? [event] : []))
  const wordsOf = (name: string) => {
    const leg = legs.findLast((each) => each.leg === name)
    return [leg?.state, leg?.reason].filter((word) => word !== undefined).join(' ')
  }
  return { refresh, tokens: wordsOf('tokens'), identity: wordsOf('identity') }
}

async function signOutThere(world: InteropWorld, browser: Browser): Promise<Journey['told']> {
  const page = await browser.open(`${world.issuer}/session/end`)
  if (page.status !== 200) return 'no page'
  await confirm(world, browser, page)
  return (await stateOf(world, browser)).state === 'anonymous' ? 'yes' : 'no'
}

/** The provider's page has a button outside of its form. */
async function confirm(world: InteropWorld, browser: Browser, page: Visit): Promise<Visit> {
  const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(page.body) ?? []
  return browser.post(`${world.issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
}

function latest<Type extends CitizenEvent['type']>(
  events: readonly CitizenEvent[],
  type: Type,
): Extract<CitizenEvent, { type: Type }> | undefined {
  return events.findLast((event): event is Extract<CitizenEvent, { type: Type }> => event.type === type)
}

/** What the person and the operator are told: the page’s status, where it stands, and the event. */
function refusalOf(world: InteropWorld, visit: Visit): string {
  const at = new URL(visit.url).origin === world.issuer ? 'at the provider' : 'here'
  const rejected = latest(world.events, 'token.rejected')
  const warning = world.events.findLast((event) => event.type === 'warning' && event.code !== 'plain-http')
  const words =
    rejected === undefined
      ? warning !== undefined && 'code' in warning && warning.code
      : `${rejected.credential} ${rejected.problem}`
  return [String(visit.status), at, words].filter((word) => word !== false && word !== undefined).join(', ')
}
