/** @module The applications that the header leads to: what the server says of them, looked at once more. */

/** The JSON of `GET <path>/applications`. */
export interface Applications {
  /** The base domain that all addresses lie on. */
  readonly domain: string
  /** The name of this application. */
  readonly name: string
  readonly applications: readonly {
    readonly name: string
    readonly url: string
    readonly isCurrent: boolean
  }[]
}

/** Where a page is, as `location` says it. */
export type Place = Pick<Location, 'hostname' | 'protocol'>

/**
 * Whether an address is shown: it lies on the base domain, as the page does, and is https, or in development http, as the
 * page itself is then. Source: RFC 6265bis, section 5.1.3.
 */
export function isShownAddress(address: string, domain: string, page: Place): boolean {
  try {
    const { hostname, protocol } = new URL(address)
    const isOn = [hostname, page.hostname].every((host) => `.${host}`.endsWith(`.${domain}`))
    return isOn && (protocol === 'https:' || protocol === page.protocol)
  } catch {
    return false
  }
}
