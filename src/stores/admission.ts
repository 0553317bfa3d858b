/** @module Admission: an application uses a store only while its id there is its own. */
import { randomBytes } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
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
}

/**
 * Makes the admission of an application. Before the first one the stores are asked what they cannot promise. Two applications (told apart by their public address) with one id would read each
 * other's sessions as their own: the second one is refused, at once where the store is in this process.
 * @throws CitizenSessionError `application-id-taken`
 */
export function createAdmission(
  store: Store,
  application: { readonly id: string; readonly url: string },
  { revocations, onCaution = () => undefined }: AdmissionOptions = {},
): Admission {
  const instance = randomBytes(12).toString('base64url')
  const { id, url } = application
  let isGranted = false
  let isClosed = false
  let renewal: NodeJS.Timeout | undefined
  /** What asks the store now, or has done so. */
  let registering: Promise<unknown> = Promise.resolve()

  const taken = (owner: false | IdOwner): CitizenSessionError => {
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
  let hasAsked = false
  const register = () => {
    hasAsked = true
    return store.register(id, url, registrationSeconds, instance)
  }
  let inspection: Promise<void> | undefined
  /** Once, for all who ask at the same time; what failed is asked again. */
  const inspect = (): Promise<void> => {
    inspection ??= (async () => {
      const cautions = [await store.inspect?.(), await revocations?.inspect?.()].flatMap((some) => some ?? [])
      for (const caution of cautions) onCaution(caution)
    })().catch((error: unknown) => {
      inspection = undefined
      throw error
    })
    return inspection
  }
  const giveBack = async (): Promise<void> => {
    try {
      await store.deregister(id, url, instance)
    } catch {
      // The store is away: the id is free when the lease is over.
    }
  }
  const grant = async (): Promise<void> => {
    const asked = (async () => register())()
    registering = Promise.allSettled([registering, asked])
    const answer = await asked
    if (answer !== true) throw taken(answer)
    // Whoever is still served after the end asks each time, and leaves nothing: the id may be another's by then.
    if (isClosed) await giveBack()
    else isGranted = true
  }
  const renew = (): void => {
    // An outage is met, and reported, by the requests themselves.
    grant().catch(() => undefined)
  }

  if (!store.isShared) {
    const answer = register()
    if (!(answer instanceof Promise) && answer !== true) throw taken(answer)
  }
  return {
    get isGranted() {
      return isGranted
    },
    async request() {
      if (isGranted) return
      await inspect()
      await grant()
      if (!isClosed) renewal ??= setInterval(renew, renewalMilliseconds).unref()
    },
    async close() {
      isClosed = true
      isGranted = false
      clearInterval(renewal)
      if (!hasAsked) return
      // One that is under way would take the id again.
      await registering
      await giveBack()
    },
  }
}
