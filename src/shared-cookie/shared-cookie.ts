/** @module Composes what only applications with the shared cookie have: its tokens, their refresh, who they name. */
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { SharedExpiry } from '../cookies/expiry.js'
import { createCookieScanner } from '../cookies/parse.js'
import { maximumPairLength } from '../cookies/serialize.js'
import type { Report } from '../events.js'
import type { SetCookie } from '../exchange.js'
import type { SharedRequestSessions } from '../logout/request-sessions.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import type { SessionContext } from '../sessions/evaluate.js'
import { createJwksCache } from '../tokens/jwks-cache.js'
import { createTokenVerifier, type TokenVerifier, type VerifiedToken } from '../tokens/verify.js'
import { refreshNow } from './actions.js'
import { createSharedCookieAuthenticator, type SharedCookieAuthenticator } from './authenticate.js'
import type { SharedCookieContext } from './context.js'
import { createSharedExpiry } from './expire.js'
import { createSessionFinder } from './find-sessions.js'
import type { HintCookie } from './hint-cookie.js'
import { createTokenReader } from './read-token.js'
import { createRefresher, type Refresher } from './refresh.js'
import { readRefreshAnswer } from './refresh-answer.js'
import { createRefreshClient } from './refresh-client.js'
import { sharedCookies } from './serialize.js'

/** What the shared cookie needs of the rest of the suite. */
export interface SharedCookieParts {
  readonly options: ResolvedSharedCookieOptions
  readonly sessions: SessionContext
  readonly hintCookie: HintCookie
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
}

/** The shared cookie at work in one suite. */
export interface SharedCookie {
  readonly authenticator: SharedCookieAuthenticator
  readonly finder: SharedRequestSessions
  readonly expire: SharedExpiry
  /** Forgets every key and every verified token. */
  purgeKeys(): void
  /** Ends the refreshes that are under way, and loses none of their results. */
  close(): Promise<void>
}

/** Makes the shared cookie of one suite. */
export function createSharedCookie(parts: SharedCookieParts): SharedCookie {
  const { options, hintCookie, sessions } = parts
  const { report, store } = sessions
  const verifier = createVerifier(options, report)
  const refresher = refresherOf(parts, verifier)
  const expire = createSharedExpiry(options)
  const context: SharedCookieContext = {
    ...sessions,
    options,
    refresher,
    hintCookie,
    actions: {
      ...parts.actions,
      refresh: (session) => refreshNow(context, session),
      accessToken: async () => undefined,
    },
    cookiesFor: (token) => cookiesOf(options, token),
    expireShared: expire,
  }
  const { names } = options.sharedCookie
  const scan = createCookieScanner({ ...names, hint: hintCookie.name })
  const reader = createTokenReader({ scan, verify: verifier.verify, names, report })
  return {
    authenticator: createSharedCookieAuthenticator({ ...context, reader, expire }),
    finder: createSessionFinder({ resolved: options, reader, hintCookie, store }),
    expire,
    purgeKeys: verifier.purge,
    close: refresher.close,
  }
}

function createVerifier(options: ResolvedSharedCookieOptions, report: Report): TokenVerifier {
  const { identityProvider, fetch, clock } = options
  const keys = createJwksCache({
    ...identityProvider.keys,
    url: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    fetch,
    clock,
    report,
  })
  return createTokenVerifier({
    ...identityProvider,
    issuers: new Map(identityProvider.issuers.map((issuer) => [issuer, keys])),
  })
}

function refresherOf({ options, sessions }: SharedCookieParts, verifier: TokenVerifier): Refresher {
  const { refresh, endpoints } = options.identityProvider
  const { names } = options.sharedCookie
  const refresher = createRefresher({
    ...sessions,
    post: createRefreshClient({
      endpoint: endpoints.refresh,
      timeoutSeconds: refresh.timeoutSeconds,
      fetch: options.fetch,
      readAnswer: refresh.readAnswer ?? ((response) => readRefreshAnswer(response, names)),
    }),
    // The provider's own answer: no stranger's token makes it wait for a key.
    verify: (token, now) => verifier.verify(token, now, 'login'),
    clock: options.clock,
    random: options.random,
    timeoutSeconds: refresh.timeoutSeconds,
    assuranceLevel: options.identityProvider.assuranceLevel,
    onUnavailable: refresh.onUnavailable,
    isDeliverable: (token) =>
      cookiesOf(options, token).every(({ name, value }) => name.length + value.length <= maximumPairLength),
  })
  return {
    ...refresher,
    refresh(request) {
      // How long a provider that fails is left alone is attached to the token.
      verifier.keep(request.token, options.clock())
      return refresher.refresh(request)
    },
  }
}

/** The cookies that give a token to the browser. */
function cookiesOf(
  { sharedCookie, isSecure, clock }: ResolvedSharedCookieOptions,
  token: VerifiedToken,
): readonly SetCookie[] {
  const maxAgeSeconds = sharedCookie.persistent
    ? Math.max(Math.floor((token.expiresAt - clock()) / 1000), 0)
    : undefined
  return sharedCookies(token.parts, { ...sharedCookie, secure: isSecure, maxAgeSeconds })
}
