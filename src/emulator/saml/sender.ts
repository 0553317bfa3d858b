/** @module Makes the messages that the identity provider sends: drafts with their defaults, overrides and faults. */

import { faultSet, type SamlFaultKind, type SamlFaults } from '../faults/saml.js'
import type { Random } from '../random.js'
import {
  type AnswerDraft,
  type AssertionDraft,
  answerXml,
  assertionXml,
  type LogoutRequestDraft,
  logoutRequestXml,
  type MessageHead,
} from './drafts.js'
import { encryptAssertion } from './encryption.js'
import type { SamlKeys } from './keys.js'
import type { SamlBinding } from './names.js'
import type { ResolvedSamlOptions, ResolvedServiceProvider } from './options.js'
import { type SamlMessage, signingOf, toMessage } from './outgoing.js'
import { signXml } from './signature.js'
import { asXml, randomId } from './xml.js'

/** Where a message goes. */
export interface Route {
  readonly provider: ResolvedServiceProvider
  readonly binding: SamlBinding
  readonly url: string
  readonly relayState: string | undefined
  /** Faults besides those that are switched on. */
  readonly faults?: readonly string[] | undefined
}

/** A message needs its subject; the rest has defaults. */
export type Needs<Draft, Required extends keyof Draft> = Pick<Draft, Required> & Partial<Draft>

/** The messages of the identity provider. */
export interface Sender {
  logoutRequest(
    route: Route,
    draft: Needs<LogoutRequestDraft, 'nameId' | 'sessionIndexes'>,
  ): Promise<SamlMessage>
  logoutResponse(route: Route, draft: Needs<AnswerDraft, 'inResponseTo' | 'status'>): Promise<SamlMessage>
  /** A Response with an assertion, or with a bad status and none. */
  response(
    route: Route,
    draft: Needs<AnswerDraft, 'inResponseTo' | 'status'>,
    assertion?: Needs<
      AssertionDraft,
      'nameId' | 'sessionIndex' | 'authnInstant' | 'authnContext' | 'attributes' | 'sessionNotOnOrAfter'
    >,
  ): Promise<SamlMessage>
  /** Forgets which ids were sent. */
  clear(): void
}

/** What {@link createSender} needs. */
export interface SenderOptions {
  readonly options: ResolvedSamlOptions
  readonly keys: SamlKeys
  readonly random: Random
  readonly now: () => number
  readonly entityId: () => string
  readonly faults: () => SamlFaults
}

const elsewhere = 'https://elsewhere.example/saml'
const longAgo = 900_000

/** Makes the sender. */
export function createSender({ options, keys, random, now, entityId, faults }: SenderOptions): Sender {
  const lastIds = new Map<string, string>()

  function headOf(kind: SamlFaultKind, { provider, url }: Route, wrong: ReadonlySet<string>): MessageHead {
    const key = `${kind} ${provider.entityId}`
    const id = (wrong.has('replayed') && lastIds.get(key)) || randomId(random)
    lastIds.set(key, id)
    return {
      id,
      issueInstant: wrong.has('expired') ? now() - longAgo : now(),
      issuer: wrong.has('wrong-issuer') ? elsewhere : entityId(),
      destination: wrong.has('wrong-destination') ? elsewhere : url,
    }
  }
  const faultsOf = (kind: SamlFaultKind, route: Route) =>
    new Set([...faultSet(faults(), kind), ...(route.faults ?? [])])
  const answered = (wrong: ReadonlySet<string>, inResponseTo: string | undefined) =>
    wrong.has('wrong-in-response-to') ? randomId(random) : inResponseTo

  return {
    async logoutRequest(route, given) {
      const wrong = faultsOf('logoutRequest', route)
      const draft: LogoutRequestDraft = {
        ...headOf('logoutRequest', route, wrong),
        notOnOrAfter: now() + (wrong.has('expired') ? -longAgo / 2 : options.logoutSeconds * 1000),
        reason: undefined,
        ...given,
      }
      const text = logoutRequestXml(draft)
      return toMessage(keys, { ...route, id: draft.id, text, parameter: 'SAMLRequest', faults: wrong })
    },
    async logoutResponse(route, given) {
      const wrong = faultsOf('logoutResponse', route)
      const inResponseTo = answered(wrong, given.inResponseTo)
      const draft = { ...headOf('logoutResponse', route, wrong), ...given, inResponseTo }
      const text = answerXml('LogoutResponse', draft)
      return toMessage(keys, { ...route, id: draft.id, text, parameter: 'SAMLResponse', faults: wrong })
    },
    async response(route, given, assertion) {
      const wrong = faultsOf('response', route)
      const inResponseTo = answered(wrong, given.inResponseTo)
      const draft: AnswerDraft = { ...headOf('response', route, wrong), ...given, inResponseTo }
      const common = { ...route, id: draft.id, parameter: 'SAMLResponse', faults: wrong } as const
      if (!assertion) return toMessage(keys, { ...common, text: answerXml('Response', draft) })
      const statement: AssertionDraft = {
        assertionId: randomId(random),
        issueInstant: draft.issueInstant,
        issuer: draft.issuer,
        recipient: wrong.has('wrong-recipient') ? elsewhere : route.url,
        audience: wrong.has('wrong-audience') ? elsewhere : route.provider.entityId,
        notBefore: draft.issueInstant - 5000,
        notOnOrAfter: draft.issueInstant + options.assertionSeconds * 1000,
        ...assertion,
        inResponseTo,
      }
      const signing = await signingOf(keys, wrong)
      const bare = assertionXml(statement)
      const isSigned = options.signs !== 'response' && signing !== undefined
      const signed = isSigned ? signXml(bare, statement.assertionId, signing) : bare
      const { encryption } = route.provider
      const text = answerXml(
        'Response',
        draft,
        encryption ? encryptAssertion(signed, encryption) : asXml(signed),
      )
      const isDone = options.signs === 'assertion'
      return toMessage(keys, { ...common, text, signedId: isDone ? statement.assertionId : undefined })
    },
    clear: () => lastIds.clear(),
  }
}
