/** @module Sign-in: the request leaves with the browser, the response comes back to the assertion consumer. */
import type { Exchange, Reply } from '../exchange.js'
import { type LoginRequest, type LoginStart, mustAskAnew } from '../protocols/login-method.js'
import type { SessionIndexKey, VerifiedLogin } from '../protocols/sessions.js'
import { anonymous } from '../sessions/create-citizen.js'
import type { Assertion } from './assertion.js'
import { writeAuthnRequest } from './authn-request.js'
import { decodePost } from './encoding.js'
import type { MessageBearer } from './metadata-source.js'
import { keysOf } from './name-keys.js'
import { type Received, receiveForm, secondTime, verifyWithKeys } from './receive-message.js'
import { verifyLoginResponse } from './response.js'
import { refuse, SamlMetadataError } from './saml-error.js'
import { chooseEndpoint, type ServiceProvider } from './service-provider.js'
import { type StoredNameId, sealName, subjectOf } from './stored-name-id.js'

/** What a browser remembers of a sign-in while it is away. */
interface SignInMarker {
  readonly loginRequest: LoginRequest
  readonly reauthenticate: boolean
  readonly mayResume: boolean
}

/** The two ends of a sign-in. */
export interface SignIn {
  enter(exchange: Exchange, visit: LoginStart): Promise<Reply>
  /** `POST saml/acs`. */
  consume(exchange: Exchange): Promise<Reply>
}

/** A class of that level stands for a second factor. */
const secondFactorLevel = 2
/** Logins that are remembered as having asked for newer metadata. */
const mostRenewedFor = 1000
/** Authentication times may be given without fractions. Milliseconds. */
const wholeSecond = 1000
/** Bytes of a session's claims as JSON: 16 KiB. */
const longestClaims = 16_384

/**
 * A time by our clock that the authentication was after: the answer was issued after the request for it, and says how
 * old the authentication was then. `undefined`: nobody knows, for the provider's clock was put back in between.
 */
function authenticatedAfterOf(
  { issuedAt, authenticatedAt }: Pick<Assertion, 'issuedAt' | 'authenticatedAt'>,
  since: number,
): number | undefined {
  const age = issuedAt - authenticatedAt
  return age < -wholeSecond ? undefined : since - Math.max(age, 0) - wholeSecond
}

/** Makes the sign-in. */
export function createSignIn(provider: ServiceProvider): SignIn {
  const { host, options, addresses, takeOnce } = provider
  const transactions = host.transactions<SignInMarker>('saml')

  const renewedFor = new Set<string>()

  /** A login is let past all others once: whoever sends junk with its state is anybody from then on. */
  const bearerOf = (state: string): MessageBearer => {
    if (renewedFor.has(state)) return 'anybody'
    const [oldest] = renewedFor
    if (renewedFor.size >= mostRenewedFor && oldest !== undefined) renewedFor.delete(oldest)
    renewedFor.add(state)
    return 'login'
  }

  const contextsFor = ({ request: loginRequest, strengthen }: LoginStart): readonly string[] => {
    const { contextLevels, requestedContexts } = options
    const isStronger = strengthen || loginRequest.secondFactor
    if (loginRequest.level === 0 && !isStronger) return requestedContexts
    const least = Math.max(loginRequest.level, isStronger ? secondFactorLevel : 0)
    const strong = Object.entries(contextLevels).flatMap(([name, level]) => (level >= least ? [name] : []))
    return strong.length === 0 ? requestedContexts : strong
  }

  /** They are kept sealed with the session: what does not fit there would be no session at all. */
  const claimsOf = (assertion: Assertion): Readonly<Record<string, unknown>> => {
    const claims = options.claims(assertion)
    if (Buffer.byteLength(JSON.stringify(claims)) <= longestClaims) return claims
    const message = 'the claims of a person take more than 16 KiB: let the option claims keep what is needed'
    host.report({ type: 'warning', code: 'saml-claims-too-large', message })
    return {}
  }

  /** The class is a word of the provider's: `constructor` is in every object, and no level. */
  const levelOf = (contextClass: string | undefined): number =>
    contextClass !== undefined && Object.hasOwn(options.contextLevels, contextClass)
      ? (options.contextLevels[contextClass] ?? 1)
      : 1

  const beginningOf = (assertion: Assertion, transaction: SignInMarker, since: number): VerifiedLogin => {
    const { nameId, sessionIndex, contextClass, authenticatedAt, sessionNotOnOrAfter } = assertion
    const issuer = options.identityProvider
    const subject = subjectOf(nameId, provider.parties, options.nameIdFormat)
    const now = provider.now()
    const level = levelOf(contextClass)
    const endsAt = sessionNotOnOrAfter ?? now + host.options.application.absoluteSeconds * 1000
    const pointersTo = (kind: SessionIndexKey['kind'], index?: string): readonly SessionIndexKey[] =>
      keysOf({ nameId, sessionIndex: index }, provider.parties).map((key) => ({ key, kind }))
    return {
      issuer,
      subject,
      sessionValue: sessionIndex,
      indexKeys: [
        ...(sessionIndex === undefined ? [] : pointersTo('session', sessionIndex)),
        ...pointersTo('person'),
      ],
      claims: {
        ...claimsOf(assertion),
        iss: issuer,
        sub: subject,
        exp: Math.floor(endsAt / 1000),
        iat: Math.floor(assertion.issuedAt / 1000),
      },
      level,
      method: level >= secondFactorLevel ? 'mfa' : 'password',
      authenticatedAt,
      authenticatedAfter: authenticatedAfterOf(assertion, since),
      endedNamesStay: true,
      tokens: sealName({ nameId, sessionIndex } satisfies StoredNameId),
      tokensIssuedAt: 0,
      tokensExpireAt: 0,
      endsAt: sessionNotOnOrAfter,
      since,
      mayResume: transaction.mayResume,
      askedReauthentication: transaction.reauthenticate,
    }
  }

  /**
   * From another site a form comes without our Lax cookies: it is sent round once by a page of ours, and comes again
   * from here. Nothing is believed or used up before.
   */
  const sendRound = (exchange: Exchange, received: Received): Reply =>
    host.pages.showFormPost(exchange, {
      action: new URL(addresses.assertionConsumer).pathname,
      fields: [
        [received.kind, received.value],
        ['RelayState', received.relayState ?? ''],
        [secondTime, '1'],
      ],
    })

  const enter = async (exchange: Exchange, visit: LoginStart): Promise<Reply> => {
    const { signOn } = await provider.source.current()
    const endpoint = chooseEndpoint(signOn, options.signInBinding, ['redirect', 'post'])
    if (endpoint === undefined) throw new SamlMetadataError('endpoint')
    const { request: loginRequest, reauthenticate, mayResume } = visit
    const now = provider.now()
    const state = transactions.set(exchange, { loginRequest, reauthenticate, mayResume }, now)
    const xml = writeAuthnRequest({
      id: provider.requestIdOf('sign-in', state),
      issuer: provider.entityId,
      destination: endpoint.location,
      assertionConsumer: addresses.assertionConsumer,
      now,
      forceAuthn: reauthenticate || loginRequest.maxAgeSeconds > 0,
      isPassive: false,
      nameIdFormat: options.nameIdFormat,
      contextClasses: contextsFor(visit),
      comparison: options.contextComparison,
    })
    return provider.reply(exchange, {
      kind: 'SAMLRequest',
      xml,
      binding: endpoint.binding,
      destination: endpoint.location,
      relayState: state,
    })
  }

  const enterWhileKnown = (exchange: Exchange, visit: LoginStart): Promise<Reply> =>
    provider.whileKnown(exchange, () => enter(exchange, visit))

  return {
    enter: enterWhileKnown,

    async consume(exchange) {
      const received = await receiveForm(exchange)
      if (received.kind !== 'SAMLResponse') return refuse('parameters')
      const { relayState: state } = received
      const now = provider.now()
      if (state === undefined || transactions.find(exchange, state, now) === undefined) {
        return received.isSecondTime
          ? provider.refuseUnsolicited(exchange, state)
          : sendRound(exchange, received)
      }
      const xml = decodePost(received.value)
      const { value: login } = await verifyWithKeys(
        provider,
        (keys) =>
          verifyLoginResponse(xml, {
            ...provider.rulesFor(addresses.assertionConsumer),
            requestId: provider.requestIdOf('sign-in', state),
            keys,
            decryptionKeys: options.decryptionKeys,
          }),
        () => bearerOf(state),
      )
      const transaction = await transactions.take(exchange, state, now)
      if (transaction === undefined) return provider.refuseUnsolicited(exchange, state)
      const { loginRequest, reauthenticate, mayResume } = transaction.content
      const conclude = (citizen: Parameters<typeof host.finishLogin>[1]) =>
        host.finishLogin(exchange, citizen, { ...loginRequest, reauthenticate, mayResume })
      if (login.kind === 'refused') {
        const { code, subcode } = login.status
        const problem = subcode === undefined ? code : `${code} ${subcode}`
        host.report({
          type: 'token.rejected',
          problem: `saml status ${problem}`,
          credential: 'saml-message',
        })
        return conclude(anonymous('not-signed-in'))
      }
      const { assertion, responseId } = login
      const { expiresAt } = assertion
      const skew = options.clockSkewSeconds * 1000
      const message = { issuer: options.identityProvider, expiresAt, now, skew }
      const citizen = await takeOnce({ ...message, kind: 'response', id: responseId }, () =>
        takeOnce({ ...message, kind: 'assertion', id: assertion.id }, () =>
          host.sessions.start(exchange, beginningOf(assertion, transaction.content, transaction.since)),
        ),
      )
      if (!mustAskAnew(citizen, transaction.content)) return conclude(citizen)
      return enterWhileKnown(exchange, {
        request: loginRequest,
        mayResume,
        reauthenticate: true,
        strengthen: false,
      })
    },
  }
}
