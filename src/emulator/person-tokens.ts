/** @module What a test gets of a person without the sign-in pages: a token, and what the authenticator app shows. */
import { CitizenSessionError } from '../errors.js'
import { type Context, issueToken } from './context.js'
import type { Person } from './people.js'
import type { Level } from './sessions.js'
import { totpCode } from './totp.js'

/** Which token to make for a person. */
export interface TokenRequest {
  /** Default: all that the person has (Eeze, else the second factor, else the password). */
  readonly level?: Level | undefined
  /** `jti` of a living session of this person: its next token, instead of a new session. */
  readonly session?: string | undefined
}

const wrong = (message: string) => new CitizenSessionError('emulator', message)

/** The most that a person can show. */
export function bestLevelOf(person: Person): Level {
  if (person.eeze) return 'did'
  return person.secondFactor ? 'mfa' : 'password'
}

/** A token of a new session, or the next one of a session that lives. @throws `emulator` */
export async function tokenFor(
  context: Context,
  username: string,
  { level, session: jti }: TokenRequest = {},
): Promise<string> {
  const person = personOf(context, username)
  if (jti === undefined) {
    return issueToken(context, context.sessions.begin(username, level ?? bestLevelOf(person)), person)
  }
  const session = context.sessions.find(jti)
  if (session?.username !== username) throw wrong(`"${username}" has no living session of that jti`)
  if (level !== undefined) session.level = level
  return issueToken(context, session, person)
}

/** What a person's authenticator app shows now. @throws `emulator` when none is enrolled. */
export async function totpCodeFor(context: Context, username: string): Promise<string> {
  const { totpSecret } = personOf(context, username)
  if (totpSecret !== undefined) return totpCode(totpSecret, context.now())
  throw wrong(`"${username}" has no authenticator app`)
}

function personOf({ people }: Context, username: string): Person {
  const found = people.find(username)
  if (found) return found
  const names = people.all.map((one) => one.username).join(', ')
  throw wrong(`nobody is called "${username}" here; there are ${names}`)
}
