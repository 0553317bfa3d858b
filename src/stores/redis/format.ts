/**
 * @module The texts in Redis: words between blanks, first the version of the format, then the kind.
 *
 * A newer release may add words at the end, or raise the version. What an older release still must understand of
 * a newer version are the first words of an end and of a revocation: reason and time.
 */
import { newerFormat, type StoreUnavailableError } from '../../errors.js'
import type { EndedRecord, EndReason, LiveRecord, NewestToken, SessionRecord } from '../../session-record.js'
import type { KeptRefresh, Revocation } from '../store.js'

const version = '1'
/** Of what 0.1.0 understands only as an end. */
const newerVersion = '2'
const absent = '-'

const reasons: ReadonlySet<string> = new Set<EndReason>([
  'idle-timeout',
  'absolute-timeout',
  'application-sign-out',
  'identity-ended',
  'identity-changed',
  'signed-out',
  'revoked',
  'too-many-sessions',
  'provider-removed',
])

/** Reasons that 0.1.0 does not know: their ends have a newer format, by which they end there too. */
export const newerReasons: readonly EndReason[] = ['provider-removed']

/** The reasons as a mark has them: what is left of an end that gave way to others. */
export const codeOfReason = {
  'idle-timeout': 'i',
  'absolute-timeout': 'a',
  'application-sign-out': 's',
  'identity-ended': 'e',
  'identity-changed': 'c',
  'signed-out': 'o',
  revoked: 'r',
  'too-many-sessions': 'm',
  'provider-removed': 'p',
} as const satisfies Record<EndReason, string>

/** The reason that a mark's code stands for. */
function reasonOf(code: string | undefined): EndReason | undefined {
  return Object.entries(codeOfReason).flatMap(([reason, known]) =>
    known === code && isReason(reason) ? [reason] : [],
  )[0]
}

function isReason(text: string | undefined): text is EndReason {
  return text !== undefined && reasons.has(text)
}

/** A stored text that this release does not understand: code `store-format`. */
export function formatError(): StoreUnavailableError {
  return newerFormat('what the store holds')
}

/** A time or count that must be there. */
function toNumber(word: string | undefined): number {
  const value = word === undefined || word === '' ? Number.NaN : Number(word)
  if (!Number.isFinite(value)) throw formatError()
  return value
}

function toText(word: string | undefined): string {
  if (word === undefined) throw formatError()
  return word === absent ? '' : word
}

/** A word of a newer version: only what can be made sense of. */
function toKnownNumber(word: string | undefined): number {
  const value = Number(word)
  return Number.isFinite(value) ? value : 0
}

/** The empty string as a word. */
export function toWord(text: string): string {
  return text === '' ? absent : text
}

export function serializeRecord(record: SessionRecord): string {
  return record.state === 'live' ? serializeLive(record) : serializeEnded(record)
}

function serializeLive(record: LiveRecord): string {
  const { generation, startedAt, lastSeenAt, endsAt, idleMilliseconds, tokenExpiresAt } = record
  const { level, authenticatedAt, retainUntil, sealed } = record
  const times = `${startedAt} ${lastSeenAt} ${endsAt} ${idleMilliseconds} ${tokenExpiresAt}`
  const common = `${version} l ${generation} ${times} ${level} ${authenticatedAt} ${retainUntil} ${toWord(sealed)}`
  // Words 13 to 15 are of 0.2.0: 0.1.0 neither writes nor reads them, and keeps them where it changes the others.
  const signIn = signInWord(record.signIn ?? 'done')
  if (record.newestToken !== undefined) {
    return `${common} ${signIn} ${record.begunBy ?? absent} ${newestTokenWord(record.newestToken)}`
  }
  if (record.begunBy !== undefined) return `${common} ${signIn} ${record.begunBy}`
  return record.signIn === undefined ? common : `${common} ${signIn}`
}

/** What is left to do for the sign-in, as a word of a live record. */
export function signInWord(signIn: 'due' | 'done'): string {
  return signIn === 'due' ? 'due' : absent
}

const codeOfMethod = { password: 'p', mfa: 'm', did: 'd' } as const satisfies Record<
  NewestToken['method'],
  string
>

/** What the newest token has shown, as a word of a live record: a letter, and the time right behind it. */
export function newestTokenWord({ method, olderUntil }: NewestToken): string {
  return `${codeOfMethod[method]}${olderUntil}`
}

/** A word that makes no sense says as much as none. */
function parseNewestToken(word = ''): NewestToken | undefined {
  const [, code, olderUntil] = /^([pmd])(-?\d+)$/.exec(word) ?? []
  const method = (['password', 'mfa', 'did'] as const).find((each) => codeOfMethod[each] === code)
  return method === undefined ? undefined : { method, olderUntil: Number(olderUntil) }
}

function serializeEnded({ reason, at, generation, retainUntil, sealed, shown }: EndedRecord): string {
  const format = newerReasons.includes(reason) ? newerVersion : version
  const common = `${format} e ${reason} ${at} ${toWord(generation)} ${retainUntil} ${toWord(sealed)}`
  return shown === undefined ? common : `${common} ${shown.level}${newestTokenWord(shown.newestToken)}`
}

/** What the newest token of an ended session had shown: the level, and the word of a live record right behind it. */
function shownIn(word = ''): Pick<EndedRecord, 'shown'> {
  const [, level, token] = /^(-?\d[^a-z]*(?:e[+-]\d+)?)([pmd].*)$/.exec(word) ?? []
  const newestToken = parseNewestToken(token)
  return newestToken === undefined ? {} : { shown: { level: Number(level), newestToken } }
}

/** @throws StoreUnavailableError `store-format` for a newer live record, and for what is no record. */
export function parseRecord(text: string): SessionRecord {
  const words = text.split(' ')
  if (words[1] === 'e') return parseEnded(words)
  if (words[0] !== version || words[1] !== 'l') throw formatError()
  const newestToken = parseNewestToken(words[14])
  return {
    state: 'live',
    generation: toText(words[2]),
    startedAt: toNumber(words[3]),
    lastSeenAt: toNumber(words[4]),
    endsAt: toNumber(words[5]),
    idleMilliseconds: toNumber(words[6]),
    tokenExpiresAt: toNumber(words[7]),
    level: toNumber(words[8]),
    authenticatedAt: toNumber(words[9]),
    retainUntil: toNumber(words[10]),
    sealed: toText(words[11]),
    ...(words[12] === 'due' ? { signIn: 'due' } : {}),
    ...(words[13] === 'protocol' ? { begunBy: 'protocol' } : {}),
    ...(newestToken === undefined ? {} : { newestToken }),
  }
}

function parseEnded(words: readonly string[]): EndedRecord {
  const [stored, , reason, at, generation, retainUntil, sealed, shown] = words
  if (stored === version || isWholeNewer(words)) {
    if (!isReason(reason)) throw formatError()
    return {
      state: 'ended',
      reason,
      at: toNumber(at),
      generation: toText(generation),
      retainUntil: toNumber(retainUntil),
      sealed: toText(sealed),
      ...shownIn(shown),
    }
  }
  const kept =
    stored === newerVersion && (words.length === 5 || words.length === 6) ? parseMark(words) : undefined
  if (kept !== undefined) return kept
  // A newer end still ends, whatever else it says.
  return {
    state: 'ended',
    reason: isReason(reason) ? reason : 'revoked',
    at: toKnownNumber(at),
    generation: '',
    retainUntil: toKnownNumber(retainUntil),
    sealed: '',
  }
}

/** Whether an end in the newer format says all that ours says, of a reason that we know. */
function isWholeNewer([stored, , reason, at, , retainUntil, ...more]: readonly string[]): boolean {
  const isOurs = stored === newerVersion && isReason(reason) && (more.length === 1 || more.length === 2)
  return isOurs && [at, retainUntil].every((time) => /^\d+$/.test(time ?? ''))
}

function parseMark([, , code, at = '', retainUntil = '', shown]: readonly string[]): EndedRecord | undefined {
  const reason = reasonOf(code)
  if (reason === undefined || !/^[\da-f]+$/.test(at) || !/^[\da-f]+$/.test(retainUntil)) return undefined
  const milliseconds = (hexadecimal: string) => Number.parseInt(hexadecimal, 16) * 1000
  return {
    state: 'ended',
    reason,
    at: milliseconds(at),
    generation: '',
    retainUntil: milliseconds(retainUntil),
    sealed: '',
    ...shownIn(shown),
  }
}

/** A revocation, also of a newer version. */
export function parseRevocation(text: string): Revocation {
  const [stored, kind, reason, at, retainUntil, before] = text.split(' ')
  if (kind !== 'v') throw formatError()
  if (stored === version && !isReason(reason)) throw formatError()
  return {
    reason: isReason(reason) ? reason : 'revoked',
    at: toKnownNumber(at),
    retainUntil: toKnownNumber(retainUntil),
    ...(before === undefined ? {} : { endsBefore: toKnownNumber(before) }),
  }
}

export function serializeKept({ token, fence, until, sealed }: KeptRefresh): string {
  return `${version} k ${token} ${fence} ${until} ${toWord(sealed)}`
}

/** @throws StoreUnavailableError `store-format` for a newer version: a token in it may be the only one there is. */
export function parseKept(text: string): KeptRefresh {
  const [stored, , token, fence, until, sealed] = text.split(' ')
  if (stored !== version) throw formatError()
  return { token: toText(token), sealed: toText(sealed), fence: toNumber(fence), until: toNumber(until) }
}

/** A number as an argument of a script; none is empty. */
export function numberWord(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}

/** A time until which things may be forgotten, as an argument of a script; 0: nothing may. */
export function forgottenWord(forgotten: number): string {
  return String(Math.max(forgotten, 0))
}

/** A length of life in milliseconds, as an argument of `PX`. */
export function lifeWord(seconds: number): string {
  return String(Math.max(1, Math.ceil(seconds * 1000)))
}
