/** @module Six-digit codes by SMS: made at sign-in, kept hashed, used once. */
import { createHashing, type SaltedHash } from './hashing.js'
import type { Person } from './people.js'
import { type Random, randomDigits } from './random.js'

/** An SMS, as the person's phone shows it. */
export interface SmsMessage {
  readonly username: string
  readonly phone: string
  readonly text: string
  /** The code in the text. */
  readonly code: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The outstanding codes, one a session. */
export interface SmsCodes {
  /** Newest first, at most 100. */
  readonly messages: readonly SmsMessage[]
  /** Makes a code for this session; an older one no longer counts. */
  send(jti: string, person: Person): Promise<void>
  /** Whether a code is out that still counts. */
  isPending(jti: string): boolean
  /** Whether the code is right; a right one is deleted. */
  use(jti: string, code: string): Promise<boolean>
  clear(): void
}

/** A code counts for five minutes. */
const lifeMilliseconds = 300_000

/** Makes the codes of an emulator; `cost` is the number of iterations, as for passwords. */
export function createSmsCodes({
  now,
  random,
  cost,
}: {
  now: () => number
  random: Random
  cost: number
}): SmsCodes {
  const hashing = createHashing(cost)
  const pending = new Map<string, { readonly stored: SaltedHash; readonly until: number }>()
  const messages: SmsMessage[] = []
  function current(jti: string) {
    const found = pending.get(jti)
    if (found && found.until <= now()) pending.delete(jti)
    return pending.get(jti)
  }
  return {
    messages,
    async send(jti, person) {
      const code = randomDigits(random)
      const stored = await hashing.hash(code)
      for (const key of [...pending.keys()]) current(key)
      pending.set(jti, { stored, until: now() + lifeMilliseconds })
      const text = `${code} is your CitizenOne verification code. It can be used once.`
      messages.unshift({ username: person.username, phone: person.phone, text, code, at: now() })
      messages.length = Math.min(messages.length, 100)
    },
    isPending: (jti) => current(jti) !== undefined,
    async use(jti, code) {
      const found = current(jti)
      if (!found) return false
      // Out while it is compared: of two parallel uses of one code only one can win.
      pending.delete(jti)
      const isRight = await hashing.matches(code, found.stored)
      if (!isRight && !pending.has(jti)) pending.set(jti, found)
      return isRight
    },
    clear() {
      pending.clear()
      messages.length = 0
    },
  }
}
