/** @module The one suite of a Next.js process, and requests of which Next.js shows nothing but the headers. */
import { createSuite, type Suite, type SuiteOptions } from '../src/index.js'
import { isSuite, WebExchange, type WebRequest } from './web.js'

/** What all copies of the adapter in one process share: Next.js bundles one into each kind of entry. */
export interface Runtime {
  readonly suite: Suite
  exchange(request: WebRequest): WebExchange
}

const registry = Symbol.for('citizen-session/next')

/** What finds the runtime whenever it is needed: it is made when it is first used. */
export function runtimeFrom(options: SuiteOptions | Suite): () => Runtime {
  if (!isSuite(options)) return () => sharedRuntime(options)
  const runtime = runtimeOf(options)
  return () => runtime
}

function sharedRuntime(options: SuiteOptions): Runtime {
  const shared = globalThis as { [registry]?: Map<string, Runtime> }
  shared[registry] ??= new Map()
  const id = options.application?.id ?? process.env.CITIZEN_APPLICATION_ID ?? ''
  const known = shared[registry].get(id)
  if (known !== undefined) return known
  const made = runtimeOf(createSuite(options))
  shared[registry].set(id, made)
  return made
}

function runtimeOf(suite: Suite): Runtime {
  return { suite, exchange: (request) => new WebExchange(request) }
}

/** A request of which only the headers are known; its address is made of what the configuration says. */
export function requestOf(method: string, given: Headers, target: string): WebRequest {
  return { method, url: `http://internal${target}`, headers: given, body: null, bodyUsed: false }
}
