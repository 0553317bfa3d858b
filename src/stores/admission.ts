/** @module Admission: an application uses a store only while its id there is its own. */
import { CitizenSessionError } from '../errors.js'
import type { Store, StoreCaution } from './store.js'

/** The right of one application to use its store under its id. */
export interface Admission {
  /** Whether it has been granted; look here first, it costs nothing. */
  readonly isGranted: boolean
  /**
   * Asks for it, unless it has been granted, and keeps it while the process lives.
   * @throws CitizenSessionError `application-id-taken`; StoreUnavailableError, `store-eviction`
   */
  request(): Promise<void>
  close(): void
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
  let isGranted = false
  let renewal: NodeJS.Timeout | undefined

  const taken = (): CitizenSessionError =>
    new CitizenSessionError(
      'application-id-taken',
      `another application uses the id "${application.id}" on this store: give each a different application.id (CITIZEN_APPLICATION_ID)`,
    )
  const register = () => store.register(application.id, application.url, registrationSeconds)
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
  const grant = async (): Promise<void> => {
    isGranted = await register()
    if (!isGranted) throw taken()
  }
  const renew = (): void => {
    // An outage is met, and reported, by the requests themselves.
    grant().catch(() => undefined)
  }

  if (!store.isShared && register() === false) throw taken()
  return {
    get isGranted() {
      return isGranted
    },
    async request() {
      if (isGranted) return
      await inspect()
      await grant()
      renewal ??= setInterval(renew, renewalMilliseconds).unref()
    },
    close: () => clearInterval(renewal),
  }
}
