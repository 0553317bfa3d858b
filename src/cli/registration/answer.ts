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
  /** The provider says no: nothing was done. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It says something that is no registration: whether anything was done cannot be told. */
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
  const { status } = answer
  if (status !== 200 && status !== 201) {
    // Only 4xx says that nothing was done: a gateway speaks for itself, and some redirect once a thing is made.
    const isNo = status >= 400 && status < 500
    return { kind: isNo ? 'refused' : 'unusable', reason: refusalIn(answer, metadata) }
  }
  const unusable = (reason: string): RegistrationAnswer => ({ kind: 'unusable', reason })
  if (answer.isTruncated) return unusable('the answer is longer than 64 KiB')
  if (metadata === undefined) return unusable('the answer is no JSON object')
  const { client_id: id, token_endpoint_auth_method: method } = metadata
  const { kept } = rules
  if (!isWord(id, 512)) return unusable('the answer has no client_id of 1 to 512 characters without blanks')
  if (kept !== undefined && kept.client_id !== id) return unusable('the answer is about another client')
  const notes: string[] = []
  // From here on there is a client: what cannot be used is left out, and the rest is kept, so that it can be put right.
  const take = <T>(name: string, isGood: (value: unknown) => value is T, what: string): T | undefined => {
    const value: unknown = metadata[name] ?? undefined
    if (value === undefined || isGood(value)) return value
    notes.push(`${name} ${what}: it is not kept`)
    return undefined
  }
  const secret = take('client_secret', isSecret, 'is no text of 1 to 1024 characters, or stars in its place')
  const end = take('client_secret_expires_at', isTime, 'is no time in seconds')
  const uri = take('registration_client_uri', isAddress, 'is no https address')
  const token = take('registration_access_token', isToken, 'is no token')
  const management = {
    registration_client_uri: uri ?? kept?.registration_client_uri,
    registration_access_token: token ?? kept?.registration_access_token,
  }
  return {
    kind: 'client',
    metadata,
    notes: [...notes, ...wayNotes(management, rules.origins)],
    client: {
      issuer: rules.issuer,
      provider: rules.provider,
      client_id: id,
      token_endpoint_auth_method: isWord(method, 64) ? method : kept?.token_endpoint_auth_method,
      client_secret: secret ?? kept?.client_secret,
      client_secret_expires_at: end ?? kept?.client_secret_expires_at,
      ...management,
    },
  }
}

type Management = Pick<KeptClient, 'registration_client_uri' | 'registration_access_token'>

/** What is to be said of the way to the registration: without it the client is good, and cannot be changed from here. */
function wayNotes(
  { registration_client_uri: uri, registration_access_token: token }: Management,
  origins: ReadonlySet<string>,
): readonly string[] {
  if (uri === undefined || token === undefined) {
    return [
      'the provider offers no way to read, update or delete this client: it cannot be changed from here',
    ]
  }
  const origin = parseUrl(uri)?.origin ?? ''
  if (origins.has(origin)) return []
  return [
    `registration_client_uri lies on ${origin}, which is none of the provider's: nothing is sent there unless --openid-origin names it`,
  ]
}

const isWord = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && /^[^\s\p{Cc}]+$/u.test(value)

/** Some show stars in its place to whoever reads a registration: they are no new secret. */
const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 1024 && !/^[*•]*$/u.test(value)

/** The last second of the year 9999: what is later is another unit. */
const lastSecond = 253_402_300_799

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= lastSecond

const isAddress = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 2048 && isSecureAddress(value)

/** Of RFC 6750: anything else would not fit into a header. */
const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.~+/-]{1,8192}=*$/.test(value)

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
