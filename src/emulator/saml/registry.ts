/** @module The registered service providers: by hand, by a metadata document, by the address of one. */
import { CitizenSessionError } from '../../errors.js'
import {
  completeProvider,
  type Registration,
  type ResolvedServiceProvider,
  type SamlServiceProviderMetadata,
} from './options.js'
import { longestMessage } from './parse.js'
import { parseProviderMetadata } from './provider-metadata.js'
import { SamlRefusal } from './refusal.js'

/** The providers of an identity provider. */
export interface Registry {
  /** The provider of that entityID. @throws `emulator`, problem `unknown-issuer`. */
  find(entityId: string): Promise<ResolvedServiceProvider>
  /** Those that are known by now. */
  known(): readonly ResolvedServiceProvider[]
  /** Fetches every metadata address anew. */
  reload(): Promise<void>
}

/** What {@link createRegistry} needs. */
export interface RegistryOptions {
  readonly registrations: readonly Registration[]
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
  /** How long fetched metadata is used, in seconds. */
  readonly keepSeconds: number
}

/** Reads the documents that are given, and none by address yet. @throws `emulator` when one cannot be used. */
export function createRegistry({ registrations, fetch, now, keepSeconds }: RegistryOptions): Registry {
  const fixed = registrations.flatMap((one) => {
    if (one.kind === 'manual') return [one.provider]
    return 'metadata' in one.given ? [complete(one.given, one.given.metadata)] : []
  })
  const addresses = registrations.flatMap((one) =>
    one.kind === 'metadata' && 'metadataUrl' in one.given ? [one.given] : [],
  )
  const fetched = new Map<string, { readonly provider: ResolvedServiceProvider; readonly at: number }>()

  async function load(given: Extract<SamlServiceProviderMetadata, { metadataUrl: string }>) {
    const response = await fetch(given.metadataUrl, { redirect: 'error', signal: AbortSignal.timeout(5000) })
    const text = await response.text()
    if (!response.ok || text.length > longestMessage) {
      throw new CitizenSessionError('emulator', `saml: ${given.metadataUrl} answers ${response.status}`)
    }
    fetched.set(given.metadataUrl, { provider: complete(given, text), at: now() })
  }
  /** A provider that is down keeps its last metadata. */
  const refresh = (isDue: (url: string) => boolean) =>
    Promise.allSettled(addresses.filter(({ metadataUrl }) => isDue(metadataUrl)).map(load))
  const known = () => [...fixed, ...[...fetched.values()].map(({ provider }) => provider)]

  return {
    async find(entityId) {
      const manual = fixed.find((one) => one.entityId === entityId)
      if (manual) return manual
      const results = await refresh(
        (url) => now() - (fetched.get(url)?.at ?? -Infinity) >= keepSeconds * 1000,
      )
      const found = known().find((one) => one.entityId === entityId)
      if (found) return found
      const failure = results.find((result) => result.status === 'rejected')
      throw new SamlRefusal(
        'unknown-issuer',
        `"${entityId}" is not registered here; there are ${known()
          .map((one) => `"${one.entityId}"`)
          .join(', ')}`,
        failure?.reason,
      )
    },
    known,
    async reload() {
      await refresh(() => true)
    },
  }
}

const complete = (given: SamlServiceProviderMetadata, text: string) =>
  completeProvider('serviceProviders', given, parseProviderMetadata(text))
