/** @module What somebody should mend, as lines on stderr, for applications that listen to no events. */
import type { Clock } from './clock.js'
import { type EventDescription, type GateProblem, printWarning } from './events.js'
import { quote } from './printable.js'
import { isWaiting, type Wait } from './wait.js'

/** One line: what is wrong, and what to do about it. */
interface Alert {
  /** Stable, for programs and for whoever searches; one line of each comes a minute. */
  readonly code: string
  readonly text: string
  readonly remedy: string
  /** Tells apart what has one code and comes to one line a minute each. */
  readonly cause?: string | undefined
}

type Explain<T extends EventDescription['type']> = (
  event: Extract<EventDescription, { readonly type: T }>,
) => Alert | undefined

type TokenRejected = Extract<EventDescription, { readonly type: 'token.rejected' }>

const quietMilliseconds = 60_000
/** Causes that are remembered at most: their words are few, but some are a provider's. */
const mostCauses = 100

/** What `given` and `expected` of an event add to a line. */
function comparison({ given, expected }: { readonly given?: string; readonly expected?: string }): string {
  const came = given === undefined ? '' : `: it says ${quote(given)}`
  return expected === undefined ? came : `${came}${came === '' ? ':' : ','} wanted is ${quote(expected)}`
}

/** What to do about a token of the shared cookie, where it is worth a line: strangers send expired and broken ones. */
const tokenRemedies: Readonly<Record<string, string>> = {
  issuer:
    'set identityProvider.issuer (CITIZEN_IDENTITY_PROVIDER_ISSUER) to what the tokens of your provider say',
  audience:
    'set identityProvider.audience (CITIZEN_IDENTITY_PROVIDER_AUDIENCE) to the aud of your provider’s tokens, or leave it out where they have none',
  kind: 'look with `npx citizen-session token inspect`: it is no token of the shared cookie, or identityProvider.kindClaims must name what your provider sends',
  algorithm: 'set identityProvider.algorithms to what your provider signs with',
  claims:
    'look with `npx citizen-session token inspect`: identityProvider.sessionClaim must name a claim that every token has',
  signature: 'compare identityProvider.endpoints.jwks with your provider: the keys there did not sign it',
  'unknown-key': 'compare identityProvider.endpoints.jwks with your provider: no key of that name is there',
  'not-yet-valid': 'compare the clock of this machine with the provider’s',
  'too-large':
    'have the application set fewer or smaller cookies on this domain: at most 16 KiB of cookies and 8,192 characters of token are read',
}

/** What a token endpoint, or an authorization endpoint, says of a client that is not set up as it thinks. */
const clientRemedies: Readonly<Record<string, string>> = {
  invalid_client: 'compare clientId, clientSecret and the way of client authentication with the registration',
  unauthorized_client: 'allow the client the code flow, and refresh tokens, at the provider',
  invalid_request: 'compare the redirect URIs with `npx citizen-session registration`',
  invalid_scope: 'compare scope with what the provider offers this client',
  unsupported_grant_type: 'allow the client the code flow, and refresh tokens, at the provider',
  'session-over': 'compare the clocks, and session_expiry of the ID token with the time of the sign-in',
  'session-expiry': 'have the provider send session_expiry as seconds since the epoch, or not at all',
  'other-provider':
    'an answer to a login at one provider came to the address of another: compare the addresses that are registered at each with `npx citizen-session registration`; it may be an attack',
}

/** What to do about a UserInfo endpoint, where no call by itself would mend it. */
const userInfoRemedies: Readonly<Record<string, string>> = {
  'no-endpoint': 'name it in endpoints.userInfo of oidc(): the provider’s description does not',
  'endpoint-refused': 'name its origin in endpointOrigins of oidc(), if it is right',
  subject: 'ask the provider: it answers for another person than the ID token names',
  'token-type': 'have the provider issue bearer tokens to this client: proofs of possession are not sent',
  'too-large': 'have the provider say less there: at most 16 KiB are read',
  'content-type': 'have the provider answer with application/json or application/jwt',
  encryption: 'compare userInfoDecryptionKeys of oidc() with how the client is registered',
  algorithm: 'set idTokenAlgorithms of oidc() to what the provider signs with',
}

/** What to do about a question of a proxy that the gate cannot answer. */
const gateRemedies: Readonly<Record<GateProblem, string>> = {
  secret:
    'compare what the proxy sends as Citizen-Gate-Secret with routes.gate.secret (CITIZEN_ROUTES_GATE_SECRET); a stranger may be trying',
  policy: 'compare the address in the proxy, gate/<policy>, with the names in routes.gate.policies',
  'original-request':
    'have the proxy send the headers that routes.gate.requestHeaders names, or ask at gate/<policy>/<original path>',
  subject:
    'name one provider in each policy, or set routes.gate.subject: two providers may know two people by one subject',
  claims:
    'let routes.gate.claims return an object of at most 4 KiB without the claims of the issuer, routes.gate.subject a text; log there what they throw',
  keys: 'see that the key ring of routes.gate.keys can be read: `npx citizen-session keys check`',
}

/** What to do about a message of SAML, by the first word of what was wrong with it. */
const samlRemedies: Readonly<Record<string, string>> = {
  'other-provider':
    'an answer to a login at one provider came to the address of another: compare the addresses that are registered at each with `npx citizen-session registration`; it may be an attack',
  unsolicited:
    'have portals link to the login route of this application instead of logins that begin at the provider; it may also be a page that was loaded twice',
  status:
    'the provider itself refused: its log says why; Requester speaks of our request (NoAuthnContext: contextClasses), Responder of the provider',
  issuer: 'set identityProvider of saml() to the entityID that the provider’s messages name',
  destination: 'compare application.url with the addresses that are registered at the provider',
  recipient: 'compare application.url with the addresses that are registered at the provider',
  audience: 'compare entityId of saml() with the name by which the provider knows this application',
  time: 'compare the clock of this machine with the provider’s',
  unsigned: 'have the provider sign its messages',
  signature: 'compare the certificates in the provider’s metadata with the one that it signs with',
  algorithm: 'have the provider sign with SHA-256 or better',
  decryption: 'give saml() the key whose certificate the provider encrypts for, or have it not encrypt',
  metadata: 'see that metadataUrl of saml() can be fetched from here, and that the document has not expired',
}
const otherwise = '`npx citizen-session doctor` says more; docs/operations.md explains the word'

function tokenAlert(event: TokenRejected): Alert | undefined {
  const { problem, credential = 'shared-cookie' } = event
  if (credential === 'shared-cookie') {
    const remedy = Object.hasOwn(tokenRemedies, problem) ? tokenRemedies[problem] : undefined
    if (remedy === undefined) return undefined
    const code = problem === 'too-large' ? 'cookies-too-large' : `token-${problem}`
    return { code, text: `a token was refused (${problem})${comparison(event)}`, remedy }
  }
  if (credential === 'token-endpoint') {
    const remedy = clientRemedies[problem] ?? otherwise
    const text = `the token endpoint gave no tokens for a login (${problem})`
    return { code: codeOf('token-endpoint', problem), text, remedy }
  }
  const word = problem.replace(/^(?:answer-|logout-|saml )/, '')
  // Whoever declines at the provider, or has to be asked first, shows no fault of anybody's.
  if (word === 'access_denied' || word.endsWith('_required')) return undefined
  const remedies = credential === 'saml-message' ? samlRemedies : clientRemedies
  return {
    code: codeOf(credential, word),
    text: `${refusedNames[credential]} was refused (${problem})${comparison(event)}`,
    remedy: remedies[word.split(' ', 1)[0] ?? ''] ?? otherwise,
  }
}

const refusedNames = {
  'sign-in': 'a sign-in',
  logout: 'a logout token',
  'saml-message': 'a SAML message',
} as const

function codeOf(part: string, word: string): string {
  return `${part}-${word.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-')}`
}

/** Reasons of a leg that is not known to have ended, which show no fault, or one that another line tells. */
const commonReasons: ReadonlySet<string> = new Set([
  'ambiguous-cookie',
  'browser-not-back-yet',
  'changed-meanwhile',
  'other-sessions',
  'superseded',
])

/** What happens every day, and is nobody's to mend. */
const isCommon = (): undefined => undefined

/** Every event: a new one is either explained here or said to be common. */
const explanations: { readonly [T in EventDescription['type']]: Explain<T> } = {
  'session.started': isCommon,
  'session.ended': isCommon,
  'session.refused': isCommon,
  'session.identity-changed': isCommon,
  'session.aliased': isCommon,
  'identity.refreshed': isCommon,
  'identity.refused': isCommon,
  // Warnings with one code may be of different causes; they are told once by whoever finds them.
  warning: ({ code, message }) => ({ code, text: message, remedy: '', cause: message }),
  'store.unavailable': ({ code, message, problem }) => {
    // The store has answered: what it holds, or a browser, is of a newer release.
    if (code === 'store-format') return { code, text: `guards say 503: ${message}`, remedy: '' }
    return {
      code,
      text: `the store (CITIZEN_STORE_URL) cannot answer, guards say 503: ${message}`,
      remedy:
        problem === undefined
          ? 'see that it can be reached from here; `npx citizen-session doctor` says more'
          : '',
      cause: problem,
    }
  },
  'store.near-lost': ({ reason, message }) => ({
    code: `store-near-${reason}`,
    text: 'no request is answered from memory now, each reads the store (near)',
    remedy: message,
  }),
  'store.near-restored': isCommon,
  'keys.unavailable': ({ problem, url }) => ({
    code: 'keys-unavailable',
    text: `the keys of the provider cannot be fetched (${problem}) from ${quote(url)}`,
    remedy:
      'see that the address is right and can be reached from here; known keys go on verifying for a while, without any guards say 503',
  }),
  'token.rejected': tokenAlert,
  'identity.degraded': ({ problem, status, retryAfterSeconds }) => ({
    code: codeOf('refresh', problem),
    text: `the identity session cannot be extended (${problem}${status === undefined ? '' : `, status ${status}`}); the next try is in ${Math.ceil(retryAfterSeconds)} s`,
    remedy:
      clientRemedies[problem] ??
      'sessions go on until their token’s time is over; `npx citizen-session doctor` says more',
  }),
  'duplicate-cookie': ({ outcome, names }) =>
    outcome === 'agreed'
      ? undefined
      : {
          code: 'ambiguous-cookie',
          text: `shared cookies of more than one session came (${names.join(', ')})`,
          remedy:
            'compare sharedCookie.domain, path and names with what the provider sets; the person’s page leads out of it',
        },
  'profile.failed': ({ problem, error }) => ({
    code: `profile-${problem}`,
    text: `the option profile released nothing, the header shows no attributes (${problem}${error === undefined ? '' : `, ${error}`})`,
    remedy: {
      thrown: 'catch what it throws in the function itself, and log it there',
      timeout: 'give what the function waits for a time limit of less than four seconds',
      'not-an-object': 'return an object of at most 4 KiB of JSON',
      'too-large': 'return an object of at most 4 KiB of JSON',
    }[problem],
  }),
  'gate.failed': ({ problem, error }) => ({
    code: `gate-${problem}`,
    text: `the gate let nobody through for a proxy (${problem}${error === undefined ? '' : `, ${error}`})`,
    remedy: gateRemedies[problem],
  }),
  'userinfo.failed': ({ issuer, during, problem, status }) => ({
    code: `userinfo-${problem}`,
    text: `UserInfo of ${issuer} gave nothing at a ${during} (${problem}${status === undefined ? '' : ` ${status}`})`,
    remedy: userInfoRemedies[problem] ?? otherwise,
  }),
  'logout.leg': ({ leg, target, state, reason }) =>
    state === 'done' || state === 'skipped' || (reason !== undefined && commonReasons.has(reason))
      ? undefined
      : {
          code: `logout-${leg}-${state}`,
          text: `a logout did not end everything: ${leg} at ${quote(target)} ${state}${reason === undefined ? '' : ` (${reason})`}`,
          remedy:
            'the receipt says so to the person; `npx citizen-session doctor` looks at the provider’s addresses',
        },
}

/** What need not be said: there is one of each, and the line says which protocol it is about. */
const withoutName: ReadonlySet<string> = new Set(['', 'oidc', 'saml'])

/** Makes the function that tells an event on stderr: one line a minute for each cause. */
export function createAlerts({ clock }: { readonly clock: Clock }): (event: EventDescription) => void {
  const said = new Map<string, Wait>()
  const isTold = (cause: string): boolean => {
    const now = clock()
    const wait = said.get(cause)
    if (wait !== undefined && isWaiting(wait, now)) return true
    if (wait === undefined && said.size >= mostCauses) {
      for (const [each, old] of said) if (!isWaiting(old, now)) said.delete(each)
      if (said.size >= mostCauses) return true
    }
    said.set(cause, { since: now, milliseconds: quietMilliseconds })
    return false
  }
  return (event) => {
    const explain = explanations[event.type] as (event: EventDescription) => Alert | undefined
    const alert = explain(event)
    if (alert === undefined) return
    const { code, remedy, cause = '' } = alert
    const { provider = '' } = event
    if (isTold(`${code} ${provider} ${cause}`)) return
    const text = withoutName.has(provider) ? alert.text : `${alert.text} (provider ${provider})`
    printWarning(code, remedy === '' ? text : `${text}: ${remedy}`)
  }
}
