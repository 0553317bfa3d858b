/** @module A `fetch` that reaches the emulator without a port. */

/** What {@link createEmulatorFetch} needs. */
export interface EmulatorFetchOptions {
  readonly handle: (request: Request) => Promise<Response>
  /** Public origin: relative addresses are read against it. */
  readonly url: () => string
  /** Every origin that is the emulator's. */
  readonly origins: () => readonly string[]
}

/**
 * Makes a function with the signature of the global `fetch` that answers from the emulator. Another origin is
 * rejected with a `TypeError`, as a network error is; so is a redirect that leaves the emulator, unless `redirect` is
 * `manual`. `signal` counts. There is no cookie jar.
 */
export function createEmulatorFetch({ handle, url, origins }: EmulatorFetchOptions): typeof globalThis.fetch {
  return async function emulatorFetch(input, init) {
    let request = new Request(typeof input === 'string' ? new URL(input, url()) : input, init)
    for (let hops = 0; hops <= 20; hops += 1) {
      const here = new URL(request.url)
      if (!origins().includes(here.origin)) {
        throw new TypeError('fetch failed', {
          cause: new Error(`${here.origin} is not the emulator's address`),
        })
      }
      const response = await unlessAborted(handle(request), request.signal)
      const location = response.headers.get('location')
      if (
        location === null ||
        response.status < 300 ||
        response.status > 399 ||
        request.redirect === 'manual'
      ) {
        return response
      }
      if (request.redirect === 'error') throw new TypeError('fetch failed', { cause: new Error('redirect') })
      const { headers, signal } = request
      const kept = new Headers(headers)
      for (const name of ['content-type', 'content-length']) kept.delete(name)
      request = new Request(new URL(location, here), { headers: kept, signal })
    }
    throw new TypeError('fetch failed', { cause: new Error('too many redirects') })
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
