/** @module The people of the emulator: who can sign in, and with what. */
import { createHash, randomBytes } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import { createHashing, type Hashing, type SaltedHash } from './hashing.js'

/** A second factor that a person has to show after the password. */
export type SecondFactor = 'sms' | 'totp'

/** A person who can sign in at the emulator. */
export interface EmulatedPerson {
  /** 1 to 64 characters of `[a-z0-9._@-]`. */
  readonly username: string
  /** Shown on the sign-in page: nothing here is secret. */
  readonly password: string
  /** Default: the username. */
  readonly name?: string | undefined
  /** `sub` of the person's tokens. Default: a UUID made of the username, the same in every process. */
  readonly sub?: string | undefined
  /** Default none: the password is enough. */
  readonly secondFactor?: SecondFactor | undefined
  /** Where the SMS go; only shown. */
  readonly phone?: string | undefined
  /** Base32 secret of a person whose factor is `totp`. Default: made of the username. */
  readonly totpSecret?: string | undefined
  /** Whether the person can sign in with Eeze. Default no. */
  readonly eeze?: boolean | undefined
  /** Upstream identity provider that the person signs in at, 1 to 32 of `[a-z0-9-]`. Default `citizenone`. */
  readonly upstream?: string | undefined
}

/** The upstream of people who name none. */
export const defaultUpstream = 'citizenone'

/** A person as the emulator keeps them. The factor may change when one is enrolled. */
export interface Person {
  readonly username: string
  readonly name: string
  readonly sub: string
  readonly phone: string
  readonly eeze: boolean
  readonly upstream: string
  /** Shown on the sign-in page. */
  readonly shownPassword: string
  secondFactor: SecondFactor | undefined
  totpSecret: string | undefined
  /** The secret of an enrolment that is under way. */
  pendingTotpSecret: string | undefined
  /** The last time step whose code was used: a code counts once. Source: RFC 6238, section 5.2. */
  lastTotpStep: number
}

/** The people of an emulator. */
export interface People {
  readonly all: readonly Person[]
  /** Where they sign in, each once. */
  readonly upstreams: readonly string[]
  find(username: string): Person | undefined
  /** Says whether the password is right; takes as long for somebody who does not exist. */
  authenticate(username: string, password: string): Promise<Person | undefined>
  /** Takes back every enrolment. */
  reset(): void
}

/** The people that are there unless others are given. */
export const defaultPeople: readonly EmulatedPerson[] = [
  { username: 'ana', password: 'ana-password', name: 'Ana Archer' },
  { username: 'ben', password: 'ben-password', name: 'Ben Boyd', secondFactor: 'sms', phone: '+1 555 0102' },
  { username: 'cleo', password: 'cleo-password', name: 'Cleo Chen', secondFactor: 'totp' },
  { username: 'dan', password: 'dan-password', name: 'Dan Duval', eeze: true },
]

/** The stable UUID of a username (version 8: custom). Source: RFC 9562, section 5.8. */
export function subjectOf(username: string): string {
  const digest = createHash('sha256').update(`citizen-session emulator person ${username}`).digest()
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/** Bytes as base32 without padding. Source: RFC 4648, section 6. */
export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups
    .map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('')
}

const totpSecretOf = (username: string) =>
  toBase32(createHash('sha256').update(`citizen-session emulator totp ${username}`).digest().subarray(0, 20))

/** Checks the list. Passwords are hashed when one is first asked for. @throws `emulator` when a person cannot be used. */
export function createPeople(given: readonly EmulatedPerson[], cost: number): People {
  const byName = new Map<string, Person>()
  for (const person of given) {
    const { username, password } = person
    if (!/^[a-z0-9._@-]{1,64}$/.test(username)) {
      throw new CitizenSessionError('emulator', `people: "${username}" must be 1 to 64 of a-z 0-9 . _ @ -`)
    }
    if (byName.has(username))
      throw new CitizenSessionError('emulator', `people: "${username}" is there twice`)
    const upstream = person.upstream ?? defaultUpstream
    if (!/^[a-z0-9-]{1,32}$/.test(upstream)) {
      throw new CitizenSessionError('emulator', `people: upstream "${upstream}" must be 1 to 32 of a-z 0-9 -`)
    }
    if (password === '') throw new CitizenSessionError('emulator', `people: "${username}" needs a password`)
    byName.set(username, {
      username,
      name: person.name ?? username,
      sub: person.sub ?? subjectOf(username),
      phone: person.phone ?? '+1 555 0100',
      eeze: person.eeze ?? false,
      upstream,
      shownPassword: password,
      pendingTotpSecret: undefined,
      ...initialFactor(person),
    })
  }
  const isPasswordOf = createPasswordCheck(createHashing(cost))
  return {
    all: [...byName.values()],
    upstreams: [...new Set([defaultUpstream, ...[...byName.values()].map(({ upstream }) => upstream)])],
    find: (username) => byName.get(username),
    async authenticate(username, password) {
      const person = byName.get(username)
      return (await isPasswordOf(person, password)) ? person : undefined
    },
    reset() {
      for (const person of given) {
        const kept = byName.get(person.username)
        if (kept) Object.assign(kept, { pendingTotpSecret: undefined, ...initialFactor(person) })
      }
    },
  }
}

/** Most emulators of tests never ask for a password: each is hashed before it is compared for the first time. */
function createPasswordCheck(hashing: Hashing) {
  const stored = new Map<Person | undefined, Promise<SaltedHash>>()
  return async (person: Person | undefined, password: string): Promise<boolean> => {
    const kept = stored.get(person) ?? hashing.hash(person?.shownPassword ?? randomBytes(16).toString('hex'))
    stored.set(person, kept)
    return hashing.matches(password, await kept)
  }
}

function initialFactor(person: EmulatedPerson): Pick<Person, 'secondFactor' | 'totpSecret' | 'lastTotpStep'> {
  return {
    secondFactor: person.secondFactor,
    totpSecret:
      person.secondFactor === 'totp' ? (person.totpSecret ?? totpSecretOf(person.username)) : undefined,
    lastTotpStep: -1,
  }
}
