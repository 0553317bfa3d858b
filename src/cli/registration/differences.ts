/** @module What a provider has registered against what was asked for: it may change everything. Source: RFC 7591, section 3.2.1. */
import type { ClientRegistration } from '../../oidc/registration.js'
import { printable, textOf } from '../../printable.js'
import type { Json } from '../doctor/key-set.js'

/** One member that is not as it was asked for. */
export interface Difference {
  readonly member: string
  /** `fail`: nobody could sign in, or more is registered than is ours; `warn`: something will be missing. */
  readonly weight: 'fail' | 'warn'
  readonly asked: string
  readonly answered: string
  readonly meaning: string
}

/** What is compared besides: what the application takes. */
export interface Accepted {
  /** Algorithms of ID tokens. */
  readonly idTokenAlgorithms: readonly string[]
}

/** What is asked for, as it is sent: what is only for a person to read is left out. */
export type AskedClient = Omit<ClientRegistration, 'code_challenge_methods'> & {
  readonly token_endpoint_auth_method: string
}

/** What RFC 7591 and OpenID Connect say where an answer leaves it out. */
const defaults: Readonly<Record<string, unknown>> = {
  application_type: 'web',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code'],
  response_types: ['code'],
  id_token_signed_response_alg: 'RS256',
}

/** Everything that is not as asked. Members that nobody asked for are the provider's own affair. */
export function differencesIn(asked: AskedClient, metadata: Json, accepted: Accepted): readonly Difference[] {
  const found = Object.entries(asked).flatMap(([member, wanted]): readonly Difference[] => {
    const answered = metadata[member] ?? defaults[member]
    const rule = rules[member] ?? { weight: 'warn', meaning: 'it is not registered' }
    const isAsAsked = (rule.isAsAsked ?? isSame)(wanted, answered)
    return isAsAsked ? [] : [{ ...rule, member, asked: inWords(wanted), answered: inWords(answered) }]
  })
  return [...found, ...unasked(asked, metadata, accepted)].map(
    ({ member, weight, asked: wanted, answered, meaning }) => ({
      member,
      weight,
      asked: wanted,
      answered,
      meaning,
    }),
  )
}

interface Rule extends Pick<Difference, 'weight' | 'meaning'> {
  readonly isAsAsked?: (asked: unknown, answered: unknown) => boolean
}

const rules: Readonly<Record<string, Rule>> = {
  redirect_uris: {
    weight: 'fail',
    meaning: 'people must come back to exactly these addresses, and codes be sent to no other',
  },
  token_endpoint_auth_method: {
    weight: 'fail',
    meaning:
      'the client proves itself in another way: where that is meant, set CITIZEN_OIDC_CLIENT_AUTHENTICATION',
  },
  token_endpoint_auth_signing_alg: {
    weight: 'fail',
    meaning: 'the client signs otherwise',
    // Without it any algorithm of the provider is good: OpenID Connect Dynamic Client Registration 1.0, section 2.
    isAsAsked: (asked, answered) => answered === undefined || answered === asked,
  },
  id_token_signed_response_alg: { weight: 'fail', meaning: 'ID tokens would be refused' },
  id_token_encrypted_response_alg: { weight: 'fail', meaning: 'ID tokens could not be opened' },
  response_types: {
    weight: 'fail',
    meaning: 'a flow that is used is not allowed',
    // The words of one type stand in any order: OAuth 2.0 Multiple Response Type Encoding Practices, section 3.
    isAsAsked: (asked, answered) => hasAll(texts(asked).map(inOrder), texts(answered).map(inOrder)),
  },
  grant_types: {
    weight: 'warn',
    meaning: 'without refresh tokens a session learns nothing of the provider’s',
    isAsAsked: hasAll,
  },
  scope: { weight: 'warn', meaning: 'what these scopes bring is missing', isAsAsked: hasAllWords },
  jwks: { weight: 'warn', meaning: 'see that the provider has these keys', isAsAsked: hasAllKeys },
  post_logout_redirect_uris: {
    weight: 'warn',
    meaning: 'a sign-out at the provider leads nobody back',
    isAsAsked: hasAll,
  },
  backchannel_logout_uri: { weight: 'warn', meaning: 'the provider tells nobody of a sign-out elsewhere' },
  require_auth_time: {
    weight: 'warn',
    meaning: 'ask for the claim auth_time otherwise: without it no new authentication is proven',
  },
}

/** What would come for a key that nobody has. */
const encryptions = [
  { member: 'id_token_encrypted_response_alg', weight: 'fail', meaning: 'ID tokens could not be opened' },
  { member: 'userinfo_encrypted_response_alg', weight: 'warn', meaning: 'UserInfo could not be opened' },
] as const

/** What an answer brings that nobody asked for, and that an application could not live with. */
function unasked(asked: AskedClient, metadata: Json, { idTokenAlgorithms }: Accepted): readonly Difference[] {
  const found: Difference[] = []
  const { id_token_signed_response_alg: algorithm, grant_types: grants } = metadata
  if (grants !== undefined && !texts(grants).includes('authorization_code')) {
    found.push({
      member: 'grant_types',
      weight: 'fail',
      asked: 'authorization_code',
      answered: inWords(grants),
      meaning: 'nobody could sign in',
    })
  }
  if (
    asked.id_token_signed_response_alg === undefined &&
    algorithm !== undefined &&
    !idTokenAlgorithms.includes(textOf(algorithm))
  ) {
    found.push({
      member: 'id_token_signed_response_alg',
      weight: 'fail',
      asked: idTokenAlgorithms.join(' '),
      answered: inWords(algorithm),
      meaning: 'ID tokens would be refused: where that is meant, set CITIZEN_OIDC_ID_TOKEN_ALGORITHMS',
    })
  }
  for (const { member, weight, meaning } of encryptions) {
    if (asked[member] !== undefined || metadata[member] === undefined) continue
    found.push({ member, weight, meaning, asked: 'nothing', answered: inWords(metadata[member]) })
  }
  return found
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []

/** Lists in any order. */
function isSame(asked: unknown, answered: unknown): boolean {
  if (!Array.isArray(asked)) return asked === answered
  return Array.isArray(answered) && answered.length === asked.length && hasAll(asked, answered)
}

const inOrder = (words: string): string => words.split(' ').toSorted().join(' ')

function hasAll(asked: unknown, answered: unknown): boolean {
  const given = new Set(texts(answered))
  return texts(asked).every((each) => given.has(each))
}

/** A provider that says nothing of scopes has no list of them. */
function hasAllWords(asked: unknown, answered: unknown): boolean {
  if (answered === undefined) return true
  return hasAll(textOf(asked).split(' '), textOf(answered).split(' '))
}

/** By their public members: a provider may add others. */
function hasAllKeys(asked: unknown, answered: unknown): boolean {
  const keysOf = (value: unknown): readonly Json[] => {
    const keys: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'keys') : []
    return Array.isArray(keys)
      ? keys.filter((each): each is Json => typeof each === 'object' && each !== null)
      : []
  }
  const nameOf = ({ kty, n, x, y }: Json): string => JSON.stringify([kty, n, x, y])
  const given = new Set(keysOf(answered).map(nameOf))
  return keysOf(asked).every((key) => given.has(nameOf(key)))
}

/** Long enough for a list of addresses; what comes from outside is spelt out. */
function inWords(value: unknown): string {
  const text = Array.isArray(value) ? value.map(textOf).join(' ') : textOf(value)
  return printable(text.length > 600 ? `${text.slice(0, 600)}…` : text)
}
