/** @module A provider in a few lines: answers by script, and what it was asked. */

import type { OidcOptions, ResolvedOidcOptions } from '../../src/oidc/options.js'
import { createProvider, type Provider } from '../../src/oidc/provider.js'
import { keySet } from '../tokens/signing.js'
import { issuer, key, optionsWith, start } from './signer.js'

/** One request as the provider saw it. */
export interface Asked {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly form: URLSearchParams
}

type Answer = (asked: Asked, signal: AbortSignal | undefined) => Response | Promise<Response>

export interface ScriptedProvider {
  readonly options: ResolvedOidcOptions
  readonly provider: Provider
  readonly asked: Asked[]
  readonly warnings: string[]
  readonly clock: { now: number }
  /** Answers by path. */
  readonly answers: Record<string, Answer>
  askedAt(path: string): readonly Asked[]
}

/** What the provider says of itself. */
export function describing(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/end`,
    revocation_endpoint: `${issuer}/revoke`,
    check_session_iframe: `${issuer}/check`,
    ...more,
  }
}

/** Makes the provider. Unless scripted otherwise it describes itself and publishes its keys. */
export function createScriptedProvider(
  given: Partial<OidcOptions> = {},
  description: Record<string, unknown> = describing(),
): ScriptedProvider {
  const options = optionsWith(given)
  const asked: Asked[] = []
  const warnings: string[] = []
  const clock = { now: start }
  const answers: Record<string, Answer> = {
    '/.well-known/openid-configuration': () => Response.json(description),
    '/jwks': () => keySet([key]),
  }
  const provider = createProvider({
    options,
    fetch: async (input, init) => {
      const { pathname } = new URL(String(input))
      const request = {
        url: String(input),
        method: init?.method ?? 'GET',
        headers: new Headers(init?.headers),
        form: new URLSearchParams(String(init?.body ?? '')),
      }
      asked.push(request)
      const answer = answers[pathname]
      if (answer === undefined) return new Response('not found', { status: 404 })
      return answer(request, init?.signal ?? undefined)
    },
    clock: () => clock.now,
    random: (bytes) => new Uint8Array(bytes),
    report: (event) => {
      if (event.type === 'warning') warnings.push(`${event.code}: ${event.message}`)
    },
  })
  const askedAt = (path: string) => asked.filter(({ url }) => new URL(url).pathname === path)
  return { options, provider, asked, warnings, clock, answers, askedAt }
}
