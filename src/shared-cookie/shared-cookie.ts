/** @module Composes what only applications with the shared cookie have: its tokens, their refresh, the judgement. */
import type { SharedCookieOptions } from '../config/options.js'
import { expiryVariants, type SharedExpiry } from '../cookies/expiry.js'
import { createCookieScanner } from '../cookies/parse.js'
import { maximumPairLength } from '../cookies/serialize.js'
import type { SetCookie } from '../exchange.js'
import type { SharedRequestSessions } from '../logout/request-sessions.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import type { SessionContext } from '../sessions/evaluate.js'
import { createJwksCache } from '../tokens/jwks-cache.js'
import { createTokenVerifier, type VerifiedToken } from '../tokens/verify.js'
import { createSharedCookieAuthenticator, type SharedCookieAuthenticator } from './authenticate.js'
import type { SharedSession } from './context.js'
import { noteRefresh } from './deliver-refresh.js'
import { createSessionFinder } from './find-sessions.js'
import type { HintCookie } from './hint-cookie.js'
import { createTokenReader } from './read-token.js'
import { createRefresher } from './refresh.js'
import { readRefreshAnswer } from './refresh-answer.js'
import { createRefreshClient } from './refresh-client.js'
import { sharedCookies } from './serialize.js'
import { tokenState } from './token-state.js'

/** What the shared cookie needs of the rest of the suite. */
export interface SharedCookieParts {
  readonly options: SharedCookieOptions
  readonly sessions: SessionContext
  readonly hintCookie: HintCookie
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
}

/** The shared cookie at work in one suite. */
export interface SharedCookie {
  readonly look: SharedCookieAuthenticator
  readonly finder: SharedRequestSessions
  readonly expire: SharedExpiry
  /** Forgets every key and every verified token. */
  purgeKeys(): void
  /** Ends the refreshes that are under way, and loses none of their results. */
  close(): Promise<void>
}

/** The function that deletes the shared cookies of an application. */
export function createSharedExpiry(options: SharedCookieOptions): SharedExpiry {
  const { names, domain, path, sameSite } = options.sharedCookie
  const applicationHost = new URL(options.application.url).hostname
  return (exchange, { seenAt, ...how } = {}) => {
    const variants = expiryVariants([names.header, names.payload, names.signature], {
      domain,
      path,
      sameSite,
      applicationHost,
      target: seenAt === undefined ? exchange.target : [exchange.target, seenAt],
      ...how,
      secure: options.isSecure,
    })
    for (const cookie of variants) exchange.setCookie(cookie)
    return variants.length > 0
  }
}

/** Makes the shared cookie of one suite. */
export function createSharedCookie(parts: SharedCookieParts): SharedCookie {
  const { options, hintCookie } = parts
  const { store, lifecycle, sealer, report } = parts.sessions
  const { application, identityProvider, sharedCookie, clock } = options
  const expire = createSharedExpiry(options)

  const keys = createJwksCache({
    ...identityProvider.keys,
    url: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    fetch: options.fetch,
    clock,
    report,
  })
  const verifier = createTokenVerifier({
    ...identityProvider,
    issuers: new Map(identityProvider.issuers.map((issuer) => [issuer, keys])),
  })

  const cookiesFor = (token: VerifiedToken): readonly SetCookie[] => {
    const maxAgeSeconds = sharedCookie.persistent
      ? Math.max(Math.floor((token.expiresAt - clock()) / 1000), 0)
      : undefined
    return sharedCookies(token.parts, { ...sharedCookie, secure: options.isSecure, maxAgeSeconds })
  }

  const { refresh } = identityProvider
  const refresher = createRefresher({
    post: createRefreshClient({
      endpoint: identityProvider.endpoints.refresh,
      timeoutSeconds: refresh.timeoutSeconds,
      fetch: options.fetch,
      readAnswer: refresh.readAnswer ?? ((response) => readRefreshAnswer(response, sharedCookie.names)),
    }),
    // The provider's own answer: no stranger's token makes it wait for a key.
    verify: (parts, now) => verifier.verify(parts, now, 'login'),
    store,
    lifecycle,
    sealer,
    report,
    clock,
    random: options.random,
    timeoutSeconds: refresh.timeoutSeconds,
    onUnavailable: refresh.onUnavailable,
    isDeliverable: (token) =>
      cookiesFor(token).every(({ name, value }) => name.length + value.length <= maximumPairLength),
  })

  async function refreshNow({ token, state, record, exchange }: SharedSession): Promise<boolean> {
    const result = await refresher.refresh({
      token,
      address: state.address,
      record,
      failures: state.failures,
    })
    noteRefresh(state, token, result, clock())
    const fresh =
      result.kind === 'token'
        ? result.token
        : result.kind === 'newer'
          ? await refresher.takeKept(token, state.address)
          : undefined
    if (fresh !== undefined) {
      tokenState(fresh, application.id, refresh.afterSeconds).address = state.address
      for (const cookie of cookiesFor(fresh)) exchange.setCookie(cookie)
    }
    return result.kind === 'token' || result.kind === 'extended' || result.kind === 'newer'
  }

  const reader = createTokenReader({
    scan: createCookieScanner({ ...sharedCookie.names, hint: hintCookie.name }),
    verify: verifier.verify,
    names: sharedCookie.names,
    report,
  })
  const look = createSharedCookieAuthenticator({
    ...parts.sessions,
    options,
    refresher,
    hintCookie,
    actions: { ...parts.actions, refresh: refreshNow, accessToken: async () => undefined },
    cookiesFor,
    expireShared: expire,
    reader,
    expire,
  })

  return {
    look,
    finder: createSessionFinder({ resolved: options, reader, hintCookie, store }),
    expire,
    purgeKeys: verifier.purge,
    close: refresher.close,
  }
}
