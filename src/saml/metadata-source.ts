/** @module Keeps the identity provider's metadata fresh: polled when due, the last good one kept within a limit. */
import type { KeyObject } from 'node:crypto'
import { createAllowance, createLoginAllowance, isAhead, isWaiting, noWait } from '../wait.js'
import { fetchMetadata, type Validators } from './fetch-metadata.js'
import { type IdentityProviderMetadata, readMetadata } from './metadata.js'
import { quote, SamlMetadataError } from './saml-error.js'

/** What an operator must hear before or when something runs out. */
export interface MetadataWarning {
  readonly code:
    | 'saml-certificate-expires'
    | 'saml-certificate-expired'
    | 'saml-metadata-expires'
    | 'saml-metadata-unavailable'
    | 'saml-logout-address'
  readonly message: string
}

/** Who brings a message: a login that this browser had begun, by which no more has been asked for yet, or anybody. */
export type MessageBearer = 'anybody' | 'login'

/** The metadata as it is now. */
export interface MetadataSource {
  /** The metadata; waits only where there is none yet. @throws SamlMetadataError */
  current(): Promise<IdentityProviderMetadata>
  /**
   * Fetches anew because a signature fits no known key; then what {@link current} says: a document that was asked for
   * after the message came. For `anybody` (default) five times, then once in five seconds; a `login` waits for none of
   * them, only for other logins: ten in vain, then one in five seconds.
   * `undefined` where nothing new could come.
   */
  renewed(bearer?: MessageBearer): Promise<IdentityProviderMetadata | undefined>
}

/** Where metadata comes from, and its limits. */
export interface MetadataSourceOptions {
  /** One of the two: an address that is polled, or the document itself. */
  readonly url?: string | undefined
  readonly xml?: string | undefined
  readonly entityId: string | undefined
  /** Keys of the certificates that the document must be signed with. */
  readonly pinned: readonly KeyObject[]
  /** Whether an endpoint may lie at an address. */
  readonly isAllowed: (url: string) => boolean
  readonly fetch: typeof globalThis.fetch
  /** Epoch milliseconds. */
  readonly clock: () => number
  readonly timeoutSeconds: number
  /** How often to poll where the document does not say. */
  readonly pollSeconds: number
  /** How long the last good document serves while no new one can be had. */
  readonly keepSeconds: number
  /** How long before an end the warning comes. */
  readonly warnSeconds: number
  /** Called once for each cause. */
  readonly warn: (warning: MetadataWarning) => void
}

interface Loaded {
  readonly metadata: IdentityProviderMetadata
  readonly loadedAt: number
  readonly validators: Validators
}

const shortestPoll = 60
const longestPoll = 86_400
const cooldownMilliseconds = 30_000
/** Signatures of nobody delay a message that is signed with a new key by that long at most. */
const strangersMilliseconds = 5000
/** So many of them delay nothing. */
const strangersFetches = 5

/** Makes a source. Nothing is fetched before the first question. */
export function createMetadataSource(options: MetadataSourceOptions): MetadataSource {
  const { clock } = options
  const warned = new Set<string>()
  let loaded: Loaded | undefined
  let pending: Promise<Loaded> | undefined
  let rest = noWait
  const allowances = {
    anybody: createAllowance(strangersFetches, strangersMilliseconds),
    login: createLoginAllowance(),
  }
  let failed: SamlMetadataError | undefined

  const warnOnce = (key: string, warning: MetadataWarning): void => {
    if (warned.has(key)) return
    warned.add(key)
    options.warn(warning)
  }

  const isOver = ({ validUntil }: IdentityProviderMetadata): boolean =>
    validUntil !== undefined && validUntil <= clock()

  const read = (xml: string): IdentityProviderMetadata =>
    readMetadata(xml, {
      entityId: options.entityId,
      pinned: options.pinned,
      now: clock(),
      isAllowed: options.isAllowed,
    })

  const load = async (): Promise<Loaded> => {
    if (options.url === undefined)
      return { metadata: read(options.xml ?? ''), loadedAt: clock(), validators: {} }
    const answer = await fetchMetadata({
      url: options.url,
      fetch: options.fetch,
      timeoutSeconds: options.timeoutSeconds,
      validators: loaded?.validators ?? {},
    })
    if (answer.kind === 'document')
      return { metadata: read(answer.xml), loadedAt: clock(), validators: answer.validators }
    if (loaded === undefined) throw new SamlMetadataError('status')
    if (isOver(loaded.metadata)) throw new SamlMetadataError('expired')
    return { ...loaded, loadedAt: clock() }
  }

  const refresh = (): Promise<Loaded> => {
    if (pending !== undefined) return pending
    rest = { since: clock(), milliseconds: cooldownMilliseconds }
    pending = load()
      .then(
        (fresh) => {
          if (hasNewKey(loaded, fresh)) allowances.login.reset()
          loaded = fresh
          failed = undefined
          warned.delete('unavailable')
          return fresh
        },
        (error: unknown) => {
          failed =
            error instanceof SamlMetadataError ? error : new SamlMetadataError('network', { cause: error })
          warnOnce('unavailable', {
            code: 'saml-metadata-unavailable',
            message: `the metadata of the identity provider could not be renewed: ${failed.explanation}`,
          })
          throw failed
        },
      )
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  const pollMilliseconds = (): number => {
    const seconds = loaded?.metadata.cacheSeconds ?? options.pollSeconds
    return Math.min(longestPoll, Math.max(shortestPoll, seconds)) * 1000
  }

  /** After a failure the next try waits, so that an outage does not make every request a fetch. */
  const isResting = (): boolean => failed !== undefined && isWaiting(rest, clock())

  const lookAhead = ({ metadata }: Loaded): void => {
    const horizon = clock() + options.warnSeconds * 1000
    for (const { fingerprint, expiresAt } of metadata.certificates) {
      if (expiresAt > horizon) continue
      const isOver = expiresAt <= clock()
      const date = new Date(expiresAt).toISOString()
      warnOnce(`${isOver} ${fingerprint}`, {
        code: isOver ? 'saml-certificate-expired' : 'saml-certificate-expires',
        message: `the identity provider's certificate ${fingerprint} ${isOver ? 'expired' : 'expires'} on ${date}`,
      })
    }
    for (const address of metadata.refusedLogout) {
      warnOnce(`logout ${address}`, {
        code: 'saml-logout-address',
        message: `the identity provider's address for single logout is not used: ${quote(address)} is no https address at an origin of endpointOrigins; add its origin there`,
      })
    }
    const { validUntil } = metadata
    // Documents that are signed anew every few days end soon by design: what counts is that no newer one came.
    const isOwed = options.url === undefined || failed !== undefined
    if (validUntil !== undefined && validUntil <= horizon && isOwed) {
      warnOnce(`until ${validUntil}`, {
        code: 'saml-metadata-expires',
        message: `the metadata of the identity provider is valid until ${new Date(validUntil).toISOString()}`,
      })
    }
  }

  const usable = (candidate: Loaded): IdentityProviderMetadata | undefined => {
    if (isOver(candidate.metadata)) return undefined
    const isTooOld = clock() - candidate.loadedAt > options.keepSeconds * 1000
    return options.url !== undefined && isTooOld ? undefined : candidate.metadata
  }

  return {
    async current() {
      const isSetBack = loaded !== undefined && isAhead(loaded.loadedAt, clock())
      // Of unknown age, since the clock has been put back: it counts as loaded now, and as due.
      if (loaded !== undefined && isSetBack) loaded = { ...loaded, loadedAt: clock() }
      const known = loaded === undefined ? undefined : usable(loaded)
      if (loaded === undefined || known === undefined) {
        if (isResting()) throw failed ?? new SamlMetadataError('expired')
        const fresh = await refresh()
        lookAhead(fresh)
        return usable(fresh) ?? expired()
      }
      const isOld = isSetBack || clock() - loaded.loadedAt >= pollMilliseconds()
      const isDue = options.url !== undefined && isOld
      // In the background: what is known still serves, and the failure has been told.
      if (isDue && !isResting()) refresh().catch(() => undefined)
      lookAhead(loaded)
      return known
    },

    async renewed(bearer = 'anybody') {
      if (options.url === undefined) return undefined
      // What was under way when the message came may bring what was there before it.
      const brought = pending && (await pending.catch(() => undefined))
      if (pending === undefined && !allowances[bearer].take(clock())) {
        return brought && usable(brought)
      }
      try {
        return usable(await refresh())
      } catch {
        return undefined
      }
    },
  }
}

/** Whether a document has a certificate that the one before had not. */
function hasNewKey(before: Loaded | undefined, { metadata }: Loaded): boolean {
  const known = new Set(before?.metadata.certificates.map(({ fingerprint }) => fingerprint))
  return metadata.certificates.some(({ fingerprint }) => !known.has(fingerprint))
}

function expired(): never {
  throw new SamlMetadataError('expired')
}
