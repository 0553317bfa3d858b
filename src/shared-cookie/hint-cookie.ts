/** @module The hint cookie: remembers which session this browser had, so that a sign-out elsewhere is noticed. */
import { ownCookieName } from '../cookies/name.js'
import { createDigestMemory } from '../digest-memory.js'
import type { SetCookie } from '../exchange.js'
import { createRecent, shareOfMemory } from '../recent.js'
import type { Sealer } from '../seal.js'

/** What a hint says: the address and generation of the session that this browser had. */
export interface Hint {
  readonly person: string
  readonly session: string
  readonly generation: string
}

/** The hint cookie of one application. */
export interface HintCookie {
  readonly name: string
  /** The hint in a cookie value, or `undefined` for anything that we did not make. */
  open(value: string): Hint | undefined
  /** Whether a cookie value says exactly this. Cheaper than `open`, where it was seen before. */
  says(value: string, hint: Hint): boolean
  make(hint: Hint): SetCookie
  expire(): SetCookie
}

/** The part of the memory for hints that were opened: each token that is renewed brings the hint of the one before it. */
const shareOfHints = 1 / 64
/** The part of the memory for digests of hints that were opened. */
const shareOfDigests = 1 / 32
/** What digests are kept by: secrets of an application never change in a process. */
const sealed = { isRetired: false }
/** Roughly what an opened hint costs besides its text. */
const bytesOfHint = 512

/**
 * Makes the hint cookie of an application: HttpOnly, SameSite=Strict, for the browser's session, and sealed, so that
 * it names nobody and cannot be made by anybody else.
 */
export function createHintCookie(options: {
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
  /** Opened hints that are remembered at most, and no more than fit in a 64th of the memory, digests in a 32nd. */
  readonly rememberedHints?: number | undefined
}): HintCookie {
  const name = ownCookieName(options.application, 'seen', options.isSecure)
  const base = { name, path: '/', httpOnly: true, secure: options.isSecure, sameSite: 'strict' } as const
  const opened = createRecent<Hint>({
    maximumEntries: options.rememberedHints,
    maximumBytes: shareOfMemory(shareOfHints),
  })
  const digests = createDigestMemory<typeof sealed>({
    maximumEntries: options.rememberedHints,
    maximumBytes: shareOfMemory(shareOfDigests),
  })

  function open(value: string): Hint | undefined {
    const known = opened.get(value)
    if (known !== undefined) return known
    const text = options.sealer.open('hint', name, value)
    const [person, session, generation] = text?.split(' ') ?? []
    if (person === undefined || session === undefined || generation === undefined) return undefined
    const hint: Hint = Object.freeze({ person, session, generation })
    // Only what was sealed by us is kept. A copy: a slice would keep the whole `Cookie` header alive.
    opened.set(Buffer.from(value).toString(), hint, bytesOfHint + value.length)
    return hint
  }

  return {
    name,
    says(value, { person, session, generation }) {
      const text = `${value} ${person} ${session} ${generation}`
      if (digests.find(value, text) !== undefined) return true
      const hint = open(value)
      const isSaid = hint?.person === person && hint.session === session && hint.generation === generation
      if (isSaid) digests.add(value, text, sealed)
      return isSaid
    },
    open,
    make: (hint) => ({
      ...base,
      value: options.sealer.seal('hint', name, `${hint.person} ${hint.session} ${hint.generation}`),
    }),
    expire: () => ({ ...base, value: '', maxAgeSeconds: 0 }),
  }
}
