/** @module Admission: an application uses a store only while its id there is its own. */
import { randomBytes } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import { type Timer, timers } from '../timers.js'
import type { IdOwner, Store, StoreCaution } from './store.js'

/** The right of one application to use its store under its id. */
export interface Admission {
  /** Whether it has been granted; look here first, it costs nothing. */
  readonly isGranted: boolean
  /**
   * Asks for it, unless it has been granted, and keeps it while the process lives.
   * @throws CitizenSessionError `application-id-taken`; StoreUnavailableError, `store-eviction`
   */
  request(): Promise<void>
  /** Gives the id back, so that it is free as soon as no other instance has it. Never rejects. */
  close(): Promise<void>
}

const registrationSeconds = 180
const renewalMilliseconds = 60_000

/** What an admission looks at, and whom it tells. */
export interface AdmissionOptions {
  /** Another store that the application relies on. */
  readonly revocations?: Store | undefined
  /** Hears what the stores do not promise, once. */
  readonly onCaution?: ((caution: StoreCaution) => void) | undefined
  /** Reads what must be known before the first request. */
  readonly prepare?: (() => Promise<void>) | undefined
}

/** An admission: the application, its store, and how far it has come. */
interface AdmissionContext {
  readonly store: Store
  readonly application: { readonly id: string; readonly url: string }
  readonly options: AdmissionOptions
  /** The name of this instance among those of the application. */
  readonly instance: string
  isGranted: boolean
  isClosed: boolean
  hasAsked: boolean
  renewal: Timer | undefined
  inspection: Promise<void> | undefined
  /** What asks the store now, or has done so. */
  registering: Promise<unknown>
}

/**
 * Makes the admission of an application. Before the first one the stores are asked what they cannot promise. Two
 * applications (told apart by their public address) with one id would read each other's sessions as their own: the
 * second one is refused, at once where the store is in this process.
 * @throws CitizenSessionError `application-id-taken`
 */
export function createAdmission(
  store: Store,
  application: { readonly id: string; readonly url: string },
  options: AdmissionOptions = {},
): Admission {
  const context: AdmissionContext = {
    store,
    application,
    options,
    instance: randomBytes(12).toString('base64url'),
    isGranted: false,
    isClosed: false,
    hasAsked: false,
    renewal: undefined,
    inspection: undefined,
    registering: Promise.resolve(),
  }
  if (!store.isShared) {
    const answer = register(context)
    if (!(answer instanceof Promise) && answer !== true) throw idTaken(context, answer)
  }
  return {
    get isGranted() {
      return context.isGranted
    },
    request: () => request(context),
    close: () => close(context),
  }
}

async function request(context: AdmissionContext): Promise<void> {
  if (context.isGranted) return
  await inspectOnce(context)
  await grant(context)
  if (context.isClosed) return
  context.renewal ??= timers
    .setInterval(() => {
      // An outage is met, and reported, by the requests themselves.
      grant(context).catch(() => undefined)
    }, renewalMilliseconds)
    .unref()
}

async function close(context: AdmissionContext): Promise<void> {
  context.isClosed = true
  context.isGranted = false
  timers.clearInterval(context.renewal)
  if (!context.hasAsked) return
  // One that is under way would take the id again.
  await context.registering
  await giveBack(context)
}

/** For all who ask at the same time; what failed is asked again. */
function inspectOnce(context: AdmissionContext): Promise<void> {
  context.inspection ??= inspect(context).catch((error: unknown) => {
    context.inspection = undefined
    throw error
  })
  return context.inspection
}

/** Tells what the stores do not promise. */
async function inspect({ store, options }: AdmissionContext): Promise<void> {
  const { revocations, onCaution } = options
  const cautions = [await store.inspect?.(), await revocations?.inspect?.()].flatMap((some) => some ?? [])
  await options.prepare?.()
  for (const caution of cautions) onCaution?.(caution)
}

function register(context: AdmissionContext): ReturnType<Store['register']> {
  context.hasAsked = true
  const { id, url } = context.application
  return context.store.register(id, url, registrationSeconds, context.instance)
}

async function grant(context: AdmissionContext): Promise<void> {
  const asked = (async () => register(context))()
  context.registering = Promise.allSettled([context.registering, asked])
  const answer = await asked
  if (answer !== true) throw idTaken(context, answer)
  // Whoever is still served after the end asks each time, and leaves nothing: the id may be another's by then.
  if (context.isClosed) await giveBack(context)
  else context.isGranted = true
}

async function giveBack({ store, application, instance }: AdmissionContext): Promise<void> {
  try {
    await store.deregister(application.id, application.url, instance)
  } catch {
    // The store is away: the id is free when the lease is over.
  }
}

function idTaken({ application: { id } }: AdmissionContext, owner: false | IdOwner): CitizenSessionError {
  const who = owner === false ? 'another application' : `the application at ${owner.fingerprint}`
  const wait =
    owner === false
      ? ''
      : `; the id is free once that one has stopped in order, else in ${owner.seconds} s unless it goes on`
  return new CitizenSessionError(
    'application-id-taken',
    `${who} uses the id "${id}" on this store: give each a different application.id (CITIZEN_APPLICATION_ID)${wait}`,
  )
}
