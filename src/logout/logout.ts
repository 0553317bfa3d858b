/** @module The logout routes: confirm, end everything, visit the provider, come back with the receipt complete. */
import type { LogoutRequest } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import type { FoundMarker, Markers } from '../login/marker.js'
import { visitUrl } from '../login/provider-urls.js'
import { queryOf } from '../login/wish.js'
import { type PageAction, type PageFact, renderPage } from '../pages/page.js'
import { redirect } from '../pages/redirect.js'
import { languageOf } from '../pages/texts.js'
import { asksForPage, isSameOriginPost } from '../sessions/activity.js'
import type { RecordAddress } from '../stores/store.js'
import type { GlobalLogout } from './global-logout.js'
import { type Leg, outcomeOf, type Receipt } from './receipt.js'

/** What a logout in flight is for. */
export interface LogoutMarker {
  readonly person: string
  readonly legs: readonly Leg[]
  readonly began: number
  /** The session that is not known to have ended; the return, and the next try, see to it. */
  readonly unfinished: RecordAddress | undefined
  /** Checked when it was set and when it is used; absent: the receipt is shown. */
  readonly returnTo: string | undefined
  /** Where a login that follows at once leads to; absent: none follows. */
  readonly thenLogin: string | undefined
}

/** Where the browser goes in the end. */
export interface LogoutWish extends LogoutRequest {
  /** Whether a login follows, and where that leads to. */
  readonly thenLogin?: string | undefined
  /** Sessions that the cookies name besides. */
  readonly others?: readonly RecordAddress[] | undefined
  /** Whether the cookies name more than could be looked at. */
  readonly isIncomplete?: boolean | undefined
}

export interface LogoutContext {
  readonly options: ResolvedOptions
  readonly markers: Markers<LogoutMarker>
  readonly globalLogout: GlobalLogout
  readonly checkReturnTarget: (value: unknown) => string | undefined
  /** The sessions of a request, whatever became of them; none without a good token or hint. */
  readonly sessionsOf: (
    exchange: Exchange,
  ) => Promise<{ readonly addresses: readonly RecordAddress[]; readonly complete: boolean }>
  /** Whether the browser still sends a part of the shared cookie. */
  readonly sendsShared: (exchange: Exchange) => boolean
  readonly clearLogins: (exchange: Exchange) => void
}

export interface LogoutRoutes {
  /** Ends the session of a request. Never throws for an outage: the receipt says what could not be done. */
  logout(exchange: Exchange, address: RecordAddress | undefined, wish: LogoutWish): Promise<Receipt>
  get(exchange: Exchange): Reply
  post(exchange: Exchange, overrides?: LogoutRequest): Promise<Reply>
  /** The return from the provider's logout; `undefined` if the `state` is not one of ours. */
  comeBack(exchange: Exchange, state: string | undefined): Promise<Reply | undefined>
}

const longestForm = 8 * 1024
const nobody = 'unknown'
/** Parameter of a return that has been here before. */
const again = 'again'
/** Longest way back that a logout remembers: its marker shares an answer's header with the deletions. */
const longestReturn = 512

/** Makes the logout routes. */
export function createLogoutRoutes(context: LogoutContext): LogoutRoutes {
  const { options, markers, globalLogout, checkReturnTarget } = context
  const { application, identityProvider, routes, clock } = options
  const { logout: endpoint, login: loginEndpoint } = identityProvider.endpoints
  const provider = new URL(endpoint).origin
  const formTargets = [...new Set([endpoint, loginEndpoint])]

  const languageFor = (exchange: Exchange) => languageOf(exchange.header('accept-language'))

  const confirmation = (exchange: Exchange, status: number, returnTo: string | undefined): Reply => {
    const fields: Record<string, string> = returnTo === undefined ? {} : { returnTo }
    const href = `${routes.path}/logout`
    return renderPage({
      status,
      language: languageFor(exchange),
      title: 'title.sign-out',
      paragraphs: ['sign-out.explain', 'sign-out.other-people'],
      actions: [
        { label: 'action.sign-out-everywhere', method: 'post', href, fields, primary: true },
        {
          label: 'action.sign-out-here',
          method: 'post',
          href,
          fields: { ...fields, scope: 'application' },
        },
        { label: 'action.stay', method: 'get', href: returnTo ?? '/' },
      ],
      formTargets,
      stylesheet: routes.stylesheet,
    })
  }

  const receiptPage = (exchange: Exchange, receipt: Receipt, isHereOnly: boolean): Reply => {
    const facts = receipt.legs.map(
      (leg): PageFact => ({ label: `leg.${leg.leg}`, value: `leg-state.${leg.state}` }),
    )
    const actions: PageAction[] = []
    if (receipt.outcome !== 'global' && !isHereOnly) {
      actions.push({
        label: 'action.finish-sign-out',
        method: 'post',
        href: `${routes.path}/logout`,
        primary: true,
      })
    }
    actions.push({ label: 'action.sign-in-again', method: 'get', href: `${routes.path}/login` })
    actions.push({ label: 'action.home', method: 'get', href: '/' })
    return renderPage({
      status: receipt.outcome === 'failed' ? 503 : 200,
      language: languageFor(exchange),
      title: receipt.outcome === 'global' || isHereOnly ? 'title.signed-out' : 'title.sign-out-incomplete',
      paragraphs: isHereOnly
        ? ['signed-out.here-only', 'signed-out.close']
        : [`outcome.${receipt.outcome}`, 'signed-out.close'],
      facts,
      actions,
      formTargets,
      stylesheet: routes.stylesheet,
    })
  }

  const withoutSession = (target: string): Leg =>
    globalLogout.conclude(
      nobody,
      { leg: 'sessions', target, state: 'skipped', reason: 'no-session' },
      clock(),
    )

  /** Ends every session of a request; of several results the one that is not `done` is told. */
  const endEach = async (
    address: RecordAddress | undefined,
    wish: LogoutWish,
    target: string,
    end: (address: RecordAddress) => Promise<Leg>,
  ): Promise<Leg> => {
    let told = address === undefined ? withoutSession(target) : await end(address)
    for (const other of wish.others ?? []) {
      const leg = await end(other)
      if (leg.state !== 'done') told = leg
    }
    if (wish.isIncomplete !== true) return told
    return globalLogout.conclude(
      nobody,
      { leg: 'sessions', target, state: 'unknown', reason: 'ambiguous-cookie' },
      clock(),
    )
  }

  const logoutHere = async (address: RecordAddress | undefined, wish: LogoutWish): Promise<Receipt> => {
    const sessions = await endEach(address, wish, application.id, globalLogout.endHere)
    const left = { state: 'skipped', reason: 'only-here', milliseconds: 0 } as const
    const legs: Leg[] = [
      sessions,
      { ...left, leg: 'cookies', target: globalLogout.cookieTarget },
      { ...left, leg: 'identity', target: provider },
    ]
    return { outcome: outcomeOf(legs), legs }
  }

  const logoutEverywhere = async (
    exchange: Exchange,
    address: RecordAddress | undefined,
    wish: LogoutWish,
  ): Promise<Receipt> => {
    const person = address?.person ?? nobody
    const sessions = await endEach(address, wish, 'store', (each) =>
      globalLogout.endSessions(each.person, { kind: 'session', session: each.session }, 'signed-out'),
    )
    const cookies = globalLogout.expireCookies(exchange, person)
    context.clearLogins(exchange)
    const identity: Leg = {
      leg: 'identity',
      target: provider,
      state: 'unknown',
      reason: 'browser-not-back-yet',
      milliseconds: 0,
    }
    const state = markers.set(
      exchange,
      {
        person,
        legs: [sessions, cookies],
        began: clock(),
        unfinished: isOver(sessions) ? undefined : address,
        returnTo: rememberable(wish.returnTo),
        thenLogin: wish.thenLogin === undefined ? undefined : (rememberable(wish.thenLogin) ?? '/'),
      },
      clock(),
    )
    const continueAt = visitUrl({
      endpoint,
      returnParameter: identityProvider.returnParameter,
      returnUrl: `${application.url}${routes.path}/return?state=${state}`,
    })
    const legs = [sessions, cookies, identity]
    return { outcome: outcomeOf(legs), legs, continueAt }
  }

  const logout: LogoutRoutes['logout'] = (exchange, address, wish) => {
    const checked = { ...wish, returnTo: checkReturnTarget(wish.returnTo) }
    return wish.scope === 'application'
      ? logoutHere(address, checked)
      : logoutEverywhere(exchange, address, checked)
  }

  return {
    logout,

    get: (exchange) => confirmation(exchange, 200, checkReturnTarget(queryOf(exchange).get('returnTo'))),

    async post(exchange, overrides = {}) {
      const form = await exchange.form(longestForm)
      const returnTo = checkReturnTarget(overrides.returnTo ?? form.get('returnTo'))
      if (!isSameOriginPost(exchange, application.url)) return confirmation(exchange, 403, returnTo)
      const scope = overrides.scope ?? (form.get('scope') === 'application' ? 'application' : 'everywhere')
      const thenLogin = form.get('next') === 'login' ? (returnTo ?? '/') : undefined
      const { addresses, complete } = await context.sessionsOf(exchange)
      const [address = takeUnfinished(exchange), ...others] = addresses
      const receipt = await logout(exchange, address, {
        others,
        isIncomplete: !complete,
        scope,
        returnTo: thenLogin === undefined ? returnTo : undefined,
        thenLogin,
      })
      if (!asksForPage(exchange)) return json(receipt)
      if (receipt.continueAt !== undefined) return redirect(receipt.continueAt, 303)
      if (receipt.outcome !== 'failed' && returnTo !== undefined) return redirect(returnTo, 303)
      return receiptPage(exchange, receipt, true)
    },

    async comeBack(exchange, state) {
      const more = deleteMore(exchange, state)
      if (more !== undefined) return more
      const marker = await takeMarker(exchange, state)
      if (marker === undefined) return undefined
      const content = await finish(exchange, marker)
      const { person, began } = content
      const identity = globalLogout.conclude(
        person,
        { leg: 'identity', target: provider, state: 'done' },
        began,
      )
      const legs = [...verifyCookies(exchange, content), identity]
      const receipt: Receipt = { outcome: outcomeOf(legs), legs }
      const { thenLogin } = content
      if (thenLogin !== undefined) {
        const query = new URLSearchParams({ returnTo: checkReturnTarget(thenLogin) ?? '/' })
        return redirect(`${routes.path}/login?${query}`)
      }
      const returnTo = checkReturnTarget(content.returnTo)
      if (receipt.outcome === 'global' && returnTo !== undefined) return redirect(returnTo)
      return receiptPage(exchange, receipt, false)
    },
  }

  /**
   * The browser comes back and still sends parts of the shared cookie: variants for which the first answer had no
   * room, most likely. They are deleted on a second way round, once, and only then is the return judged.
   */
  function deleteMore(exchange: Exchange, state: string | undefined): Reply | undefined {
    if (state === undefined || queryOf(exchange).has(again) || !context.sendsShared(exchange))
      return undefined
    if (markers.find(exchange, state, clock()) === undefined) return undefined
    globalLogout.expireRest(exchange)
    return redirect(`${routes.path}/return?${new URLSearchParams({ state, [again]: '1' })}`)
  }

  /**
   * Takes the marker of a return. While the store is away nobody can say that it is the first to come: it is looked
   * at and stays in the browser, so that the receipt is shown, and a reload finishes what is left.
   */
  async function takeMarker(exchange: Exchange, state: string | undefined) {
    try {
      const taken = await markers.take(exchange, state, clock())
      return taken && { ...taken, isTaken: true }
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      const found = markers.find(exchange, state, clock())
      return found && { ...found, isTaken: false }
    }
  }

  /** Tries once more to end a session that could not be ended. What is left then stays in the browser's marker. */
  async function finish(
    exchange: Exchange,
    { content, isTaken }: FoundMarker<LogoutMarker> & { readonly isTaken: boolean },
  ): Promise<LogoutMarker> {
    const { person, unfinished } = content
    if (unfinished === undefined) return content
    const scope = { kind: 'session', session: unfinished.session } as const
    const sessions = await globalLogout.endSessions(person, scope, 'signed-out')
    const legs = content.legs.map((leg) => (leg.leg === 'sessions' ? sessions : leg))
    if (isOver(sessions)) return { ...content, legs, unfinished: undefined }
    if (isTaken) markers.set(exchange, { ...content, legs }, clock())
    return { ...content, legs }
  }

  /** The session of a logout that could not end it: its cookies are gone, the marker still names it. */
  function takeUnfinished(exchange: Exchange): RecordAddress | undefined {
    const left = markers.pending(exchange, clock()).filter(({ content }) => content.unfinished !== undefined)
    left.sort((one, other) => other.since - one.since)
    for (const marker of left) marker.remove()
    return left[0]?.content.unfinished
  }

  /** The browser comes back: cookies that it still sends were not deleted, or were set again. */
  function verifyCookies(exchange: Exchange, marker: LogoutMarker): readonly Leg[] {
    if (!context.sendsShared(exchange)) return marker.legs
    const deleted = globalLogout.expireCookies(exchange, marker.person)
    const stubborn: Leg = { ...deleted, state: 'refused', reason: 'still-there' }
    return marker.legs.map((leg) => (leg.leg === 'cookies' ? stubborn : leg))
  }
}

function rememberable(target: string | undefined): string | undefined {
  return target !== undefined && target.length <= longestReturn ? target : undefined
}

/** Whether nothing is left to be done for a leg. */
function isOver({ state }: Leg): boolean {
  return state === 'done' || state === 'skipped'
}

function json(receipt: Receipt): Reply {
  return {
    status: receipt.outcome === 'failed' ? 503 : 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'private, no-store' },
    body: JSON.stringify(receipt),
  }
}
