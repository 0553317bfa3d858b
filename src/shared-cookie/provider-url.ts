/** @module Addresses at the identity provider to which the browser is sent. */

/** Where a visit to the identity provider leads, and back. */
export interface ProviderVisit {
  readonly endpoint: string
  readonly returnParameter: string
  /** The address of ours that the provider sends the browser back to. */
  readonly returnUrl: string
  /** More query parameters; they cannot override the return address. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** Builds the address of a visit. A query that the endpoint has is kept. */
export function visitUrl(visit: ProviderVisit): string {
  const url = new URL(visit.endpoint)
  for (const [name, value] of Object.entries(visit.parameters ?? {})) url.searchParams.set(name, value)
  url.searchParams.set(visit.returnParameter, visit.returnUrl)
  return url.href
}
