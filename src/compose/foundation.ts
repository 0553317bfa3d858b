/** @module What everything else of a suite stands on: its options, its stores, its secrets, and who hears of it. */
import {
  type ResolvedOptions,
  type ResolvedSharedCookieOptions,
  usesSharedCookie,
} from '../config/options.js'
import { warningsAtStart } from '../config/warnings.js'
import type { DebugLog } from '../debug-log.js'
import type { Report } from '../events.js'
import { createReporting } from '../reporting.js'
import { createSealer, type Sealer } from '../seal.js'
import { memoryStore } from '../stores/memory/store.js'
import { openRedisStore, parseRedisSettings } from '../stores/redis/open.js'
import type { Store } from '../stores/store.js'
import { reportNearReads, unusedNear } from './near-events.js'

/** The ground of one suite. */
export interface Foundation {
  readonly options: ResolvedOptions
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The same options, where the shared cookie is in use. */
  readonly shared: ResolvedSharedCookieOptions | undefined
  readonly report: Report
  /** Reports something that its operator should know. */
  readonly warn: (warning: { readonly code: string; readonly message: string }) => void
  readonly store: Store
  /** Where revocations are kept besides, if elsewhere. */
  readonly revocations: Store | undefined
  readonly sealer: Sealer
  /** Stops telling what becomes of near reads. */
  readonly stopNearEvents: () => void
}

/** Lays it. Stores that are opened for the suite are noted in `opened` at once. */
export function createFoundation(
  options: ResolvedOptions,
  environment: Foundation['environment'],
  { opened, debug }: { readonly opened: Store[]; readonly debug: DebugLog | undefined },
): Foundation {
  const { application, clock, random } = options
  const report = createReporting(options, debug)
  const warn: Foundation['warn'] = (warning) => report({ type: 'warning', ...warning })
  for (const warning of warningsAtStart(options, environment)) warn(warning)

  const storeFrom = (given: Store | string): Store => {
    if (typeof given !== 'string') return given
    const near = parseRedisSettings(given).near ?? options.storeNear
    const store = openRedisStore(given, { clock, near })
    opened.push(store)
    return store
  }
  const isElsewhere = options.revocations !== undefined && options.revocations !== options.store
  const store = storeFrom(options.store ?? memoryStore({ clock }))
  const revocations = isElsewhere ? storeFrom(options.revocations) : undefined
  const warning = unusedNear(options, store, revocations)
  if (warning !== undefined) warn(warning)
  return {
    options,
    environment,
    shared: usesSharedCookie(options) ? options : undefined,
    report,
    warn,
    store,
    revocations,
    sealer: createSealer({ application: application.id, secrets: application.secrets, random }),
    stopNearEvents: reportNearReads([store, revocations], report),
  }
}
