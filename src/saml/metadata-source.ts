/** @module Keeps the identity provider's metadata fresh: polled when due, the last good one kept within a limit. */
import type { KeyObject } from 'node:crypto'
import {
  type Allowance,
  createAllowance,
  createLoginAllowance,
  isAhead,
  isWaiting,
  noWait,
  type Wait,
} from '../wait.js'
import { fetchMetadata, type Validators } from './fetch-metadata.js'
import { type IdentityProviderMetadata, readMetadata } from './metadata.js'
import { createMetadataWarnings, type MetadataWarning, type MetadataWarnings } from './metadata-warnings.js'
import { SamlMetadataError } from './saml-error.js'

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

/** A source at work. */
interface SourceState {
  readonly options: MetadataSourceOptions
  readonly warnings: MetadataWarnings
  readonly allowances: Readonly<Record<MessageBearer, Allowance>>
  loaded: Loaded | undefined
  pending: Promise<Loaded> | undefined
  /** After a failure the next try waits, so that an outage does not make every request a fetch. */
  rest: Wait
  failed: SamlMetadataError | undefined
}

/** Makes a source. Nothing is fetched before the first question. */
export function createMetadataSource(options: MetadataSourceOptions): MetadataSource {
  const state: SourceState = {
    options,
    warnings: createMetadataWarnings(options),
    allowances: {
      anybody: createAllowance(strangersFetches, strangersMilliseconds),
      login: createLoginAllowance(),
    },
    loaded: undefined,
    pending: undefined,
    rest: noWait,
    failed: undefined,
  }
  return {
    current: () => currentMetadata(state),
    renewed: (bearer = 'anybody') => renewedMetadata(state, bearer),
  }
}

async function currentMetadata(state: SourceState): Promise<IdentityProviderMetadata> {
  const { clock, url } = state.options
  const isSetBack = state.loaded !== undefined && isAhead(state.loaded.loadedAt, clock())
  // Of unknown age, since the clock has been put back: it counts as loaded now, and as due.
  if (state.loaded !== undefined && isSetBack) state.loaded = { ...state.loaded, loadedAt: clock() }
  const { loaded } = state
  const known = loaded === undefined ? undefined : usable(state, loaded)
  if (loaded === undefined || known === undefined) {
    if (isResting(state)) throw state.failed ?? new SamlMetadataError('expired')
    const fresh = await refresh(state)
    lookAhead(state, fresh)
    return usable(state, fresh) ?? expired()
  }
  const isOld = isSetBack || clock() - loaded.loadedAt >= pollMilliseconds(state, loaded)
  const isDue = url !== undefined && isOld
  // In the background: what is known still serves, and the failure has been told.
  if (isDue && !isResting(state)) refresh(state).catch(() => undefined)
  lookAhead(state, loaded)
  return known
}

async function renewedMetadata(
  state: SourceState,
  bearer: MessageBearer,
): Promise<IdentityProviderMetadata | undefined> {
  const { clock, url } = state.options
  if (url === undefined) return undefined
  // What was under way when the message came may bring what was there before it.
  const brought = state.pending && (await state.pending.catch(() => undefined))
  if (state.pending === undefined && !state.allowances[bearer].take(clock())) {
    return brought && usable(state, brought)
  }
  try {
    return usable(state, await refresh(state))
  } catch {
    return undefined
  }
}

/** One fetch for all callers. */
function refresh(state: SourceState): Promise<Loaded> {
  if (state.pending !== undefined) return state.pending
  state.rest = { since: state.options.clock(), milliseconds: cooldownMilliseconds }
  state.pending = load(state.options, state.loaded)
    .then(
      (fresh) => {
        if (hasNewKey(state.loaded, fresh)) state.allowances.login.reset()
        state.loaded = fresh
        state.failed = undefined
        state.warnings.available()
        return fresh
      },
      (error: unknown) => {
        state.failed =
          error instanceof SamlMetadataError ? error : new SamlMetadataError('network', { cause: error })
        state.warnings.unavailable(state.failed)
        throw state.failed
      },
    )
    .finally(() => {
      state.pending = undefined
    })
  return state.pending
}

async function load(options: MetadataSourceOptions, before: Loaded | undefined): Promise<Loaded> {
  const { url, clock } = options
  if (url === undefined) {
    return { metadata: read(options, options.xml ?? ''), loadedAt: clock(), validators: {} }
  }
  const answer = await fetchMetadata({
    url,
    fetch: options.fetch,
    timeoutSeconds: options.timeoutSeconds,
    validators: before?.validators ?? {},
  })
  if (answer.kind === 'document') {
    return { metadata: read(options, answer.xml), loadedAt: clock(), validators: answer.validators }
  }
  if (before === undefined) throw new SamlMetadataError('status')
  if (isOver(options, before.metadata)) throw new SamlMetadataError('expired')
  return { ...before, loadedAt: clock() }
}

function read(options: MetadataSourceOptions, xml: string): IdentityProviderMetadata {
  return readMetadata(xml, {
    entityId: options.entityId,
    pinned: options.pinned,
    now: options.clock(),
    isAllowed: options.isAllowed,
  })
}

function isOver({ clock }: MetadataSourceOptions, { validUntil }: IdentityProviderMetadata): boolean {
  return validUntil !== undefined && validUntil <= clock()
}

function isResting({ failed, rest, options }: SourceState): boolean {
  return failed !== undefined && isWaiting(rest, options.clock())
}

function pollMilliseconds({ options }: SourceState, { metadata }: Loaded): number {
  const seconds = metadata.cacheSeconds ?? options.pollSeconds
  return Math.min(longestPoll, Math.max(shortestPoll, seconds)) * 1000
}

function lookAhead({ options, warnings, failed }: SourceState, { metadata }: Loaded): void {
  warnings.lookAhead(metadata, options.url === undefined || failed !== undefined)
}

function usable({ options }: SourceState, candidate: Loaded): IdentityProviderMetadata | undefined {
  if (isOver(options, candidate.metadata)) return undefined
  const isTooOld = options.clock() - candidate.loadedAt > options.keepSeconds * 1000
  return options.url !== undefined && isTooOld ? undefined : candidate.metadata
}

/** Whether a document has a certificate that the one before had not. */
function hasNewKey(before: Loaded | undefined, { metadata }: Loaded): boolean {
  const known = new Set(before?.metadata.certificates.map(({ fingerprint }) => fingerprint))
  return metadata.certificates.some(({ fingerprint }) => !known.has(fingerprint))
}

function expired(): never {
  throw new SamlMetadataError('expired')
}
