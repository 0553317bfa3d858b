/** @module Which of the provider's endpoints a message goes to. */
import type { Endpoint } from './metadata.js'

/** The endpoint to use: of the wanted binding, else by the order. `undefined`: the provider has none of them. */
export function chooseEndpoint<B extends 'redirect' | 'post' | 'soap'>(
  endpoints: readonly Endpoint[],
  wanted: B | undefined,
  order: readonly B[],
): { readonly binding: B; readonly location: string; readonly responseLocation: string } | undefined {
  for (const binding of wanted === undefined ? order : [wanted]) {
    const found = endpoints.find((endpoint) => endpoint.binding === binding)
    if (found !== undefined) return { ...found, binding }
  }
  return undefined
}
