/**
 * @module What a provider answers to a registration: judged before anything of it is kept, printed as text, never run.
 * Sources: RFC 7591, sections 3.2.1 and 3.2.2; RFC 7592, section 3.
 */
import { isSecureAddress } from '../../outbound.js'
import { parseUrl } from '../../parse-url.js'
import { excerpt } from '../../printable.js'
import { type Json, parseObject } from '../doctor/key-set.js'
import type { ProbeAnswer } from '../probe.js'
import type { KeptClient } from './client-file.js'

/** More of an answer is not read: 64 KiB. */
export const mostAnswerBytes = 65_536

/** What an answer comes to. */
export type RegistrationAnswer =
  | {
      readonly kind: 'client'
      readonly client: KeptClient
      readonly metadata: Json
      readonly notes: readonly string[]
    }
  /** The provider says no. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It says something that is no registration. */
  | { readonly kind: 'unusable'; readonly reason: string }

/** What is judged besides. */
export interface AnswerRules {
  readonly issuer: string
  readonly provider: string | undefined
  /** Where the client's own address may lie. */
  readonly origins: ReadonlySet<string>
  /** What is kept already: what an update does not repeat stays. */
  readonly kept?: KeptClient | undefined
}

/** Judges an answer. No reason holds anything of a secret. */
export function judgeAnswer(answer: ProbeAnswer, rules: AnswerRules): RegistrationAnswer {
  const metadata = answer.isTruncated ? undefined : parseObject(answer.body)
  if (answer.status !== 200 && answer.status !== 201) {
    return { kind: 'refused', reason: refusalIn(answer, metadata) }
  }
  const unusable = (reason: string): RegistrationAnswer => ({ kind: 'unusable', reason })
  if (answer.isTruncated) return unusable('the answer is longer than 64 KiB')
  if (metadata === undefined) return unusable('the answer is no JSON object')
  const { client_id: id, client_secret: secret, client_secret_expires_at: end } = metadata
  const { token_endpoint_auth_method: method } = metadata
  if (!isWord(id, 512)) return unusable('the answer has no client_id of 1 to 512 characters without blanks')
  if (rules.kept !== undefined && rules.kept.client_id !== id) {
    return unusable('the answer is about another client')
  }
  if (secret !== undefined && !(typeof secret === 'string' && /^[^\p{Cc}]{1,1024}$/u.test(secret))) {
    return unusable('client_secret is no text of 1 to 1024 characters')
  }
  if (end !== undefined && !isTime(end)) return unusable('client_secret_expires_at is no time in seconds')
  const { management, notes } = managementIn(metadata, rules)
  return {
    kind: 'client',
    metadata,
    notes,
    client: {
      issuer: rules.issuer,
      provider: rules.provider,
      client_id: id,
      token_endpoint_auth_method: isWord(method, 64) ? method : rules.kept?.token_endpoint_auth_method,
      client_secret: secret ?? rules.kept?.client_secret,
      client_secret_expires_at: end ?? rules.kept?.client_secret_expires_at,
      ...management,
    },
  }
}

type Management = Pick<KeptClient, 'registration_client_uri' | 'registration_access_token'>

/** The way to the registration itself: without it the client is good, and cannot be changed from here. */
function managementIn(
  metadata: Json,
  { origins, kept }: AnswerRules,
): { readonly management: Management; readonly notes: readonly string[] } {
  const { registration_client_uri: uri, registration_access_token: token } = metadata
  const known = {
    registration_client_uri: kept?.registration_client_uri,
    registration_access_token: kept?.registration_access_token,
  }
  if (uri === undefined && token === undefined) {
    return {
      management: known,
      notes: kept === undefined ? ['the provider offers no way to read, update or delete this client'] : [],
    }
  }
  const origin = typeof uri === 'string' && uri.length <= 2048 ? parseUrl(uri)?.origin : undefined
  const isGoodUri = uri === undefined || (isSecureAddress(String(uri)) && origins.has(origin ?? ''))
  // A token of RFC 6750: anything else would not fit into a header.
  const isGoodToken =
    token === undefined || (typeof token === 'string' && /^[\w.~+/-]{1,8192}=*$/.test(token))
  if (!isGoodUri || !isGoodToken) {
    const what = isGoodUri
      ? 'registration_access_token is no token'
      : `registration_client_uri lies on ${origin ?? 'no origin'}, which is none of the provider's`
    return {
      management: known,
      notes: [`${what}: it is not kept, and this client cannot be changed from here`],
    }
  }
  return {
    management: {
      registration_client_uri: uri === undefined ? known.registration_client_uri : String(uri),
      registration_access_token: token ?? known.registration_access_token,
    },
    notes: [],
  }
}

const isWord = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && /^[^\s\p{Cc}]+$/u.test(value)

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Why the provider says no, in its words, cut and spelt out. */
function refusalIn({ status, header }: ProbeAnswer, document: Json | undefined): string {
  const { error, error_description: description } = document ?? {}
  const location = header('location')
  if (status >= 300 && status < 400) {
    return `the answer is ${status}, to ${excerpt(location ?? 'nowhere')}: redirects are not followed`
  }
  const words = [error, description].filter((each): each is string => typeof each === 'string').map(excerpt)
  return `the answer is ${status}${words.length === 0 ? '' : `: ${words.join(', ')}`}${hints[status] ?? ''}`
}

const hints: Readonly<Record<number, string>> = {
  401: '; the token is missing, used up or not good here',
  403: '; the token may not do this',
  404: '; nothing takes registrations at this address',
  405: '; registrations cannot be changed in this way there',
}
