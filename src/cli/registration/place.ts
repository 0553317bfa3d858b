/** @module Where a client is registered: the provider, its endpoint, and the token that lets somebody new register. */

import type { Environment } from '../../config/environment.js'
import { optional } from '../../config/option.js'
import { orInFile, textMatching } from '../../config/option-types.js'
import { rootFor } from '../../config/provider-name.js'
import { readOptions } from '../../config/read-options.js'
import { isProduction } from '../../config/resolve.js'
import { allowedOrigins, discoveryUrl } from '../../oidc/metadata.js'
import type { ResolvedOidcOptions } from '../../oidc/options.js'
import { isSecureAddress } from '../../outbound.js'
import { parseUrl } from '../../parse-url.js'
import { type Console, usageError } from '../command.js'
import { documentIn } from '../doctor/discovery.js'
import { openidOrigins, optionsFor, placeOf } from '../doctor/openid.js'
import { listIn } from '../doctor/openid-abilities.js'
import { toOrigin } from '../doctor/protocol-arguments.js'
import { ask, explainSilence } from '../doctor/visits.js'
import { createProbe, type Probe, ProbeError } from '../probe.js'
import { readSource } from '../token/read.js'

/** What arguments say of the provider. */
export interface PlaceArguments {
  readonly provider?: string | undefined
  readonly 'openid-issuer'?: string | undefined
  readonly 'openid-origin'?: readonly string[] | undefined
  readonly 'openid-internal'?: string | undefined
  readonly 'registration-endpoint'?: string | undefined
}

/** A provider that can be asked. */
export interface RegistrationPlace {
  readonly name: string | undefined
  readonly options: ResolvedOidcOptions
  /** Origins on which its endpoints may lie. */
  readonly origins: ReadonlySet<string>
  readonly probe: Probe
  /** Where an address is asked from here. */
  place(url: string): string
}

/** Finds the provider. @throws `usage` where nothing says which, or an address cannot be used */
export function openPlace(
  given: PlaceArguments,
  environment: Environment,
  reach: Omit<Parameters<typeof createProbe>[0], 'origins'>,
): RegistrationPlace {
  const name = given.provider
  const internal = given['openid-internal']
  const { problems, resolved: options } = optionsFor(
    {
      name,
      issuer: given['openid-issuer'],
      endpointOrigins: (given['openid-origin'] ?? []).map((text) => toOrigin(text, '--openid-origin')),
      internalUrl: internal === undefined ? undefined : toOrigin(internal, '--openid-internal'),
    },
    environment,
  )
  if (options === undefined) {
    const [problem] = problems
    const isIssuer = problem?.path === `${rootFor('oidc', { name })}.issuer`
    throw usageError(`${problem?.variable}${isIssuer ? ' or --openid-issuer' : ''} ${problem?.message}`)
  }
  return {
    name,
    options,
    origins: allowedOrigins(options),
    probe: createProbe({ ...reach, origins: new Set(openidOrigins(options)) }),
    place: (url) => placeOf(url, options),
  }
}

/** What the provider says of registering. */
export interface RegistrationOffer {
  readonly endpoint: string
  /** How clients may prove themselves, where it says so. */
  readonly methods: readonly string[]
}

/** What the provider says of itself, or why that cannot be had. */
export async function readOffer(
  { options, origins, probe, place }: RegistrationPlace,
  given: string | undefined,
): Promise<RegistrationOffer | { readonly problem: string }> {
  const target = place(discoveryUrl(options.issuer))
  const visited = await ask(probe, { url: target, headers: { accept: 'application/json' } })
  const document = documentIn(visited)
  if (document === undefined && given === undefined) {
    const why =
      visited instanceof ProbeError
        ? explainSilence(visited, target).reason
        : 'no discovery document is there'
    return { problem: `${target}: ${why}; name the address with --registration-endpoint` }
  }
  if (document !== undefined && document.issuer !== options.issuer) {
    return { problem: `${target} is the document of another issuer: write the issuer letter by letter` }
  }
  const endpoint = given ?? document?.registration_endpoint
  if (endpoint === undefined) {
    return {
      problem: `${options.issuer} names no registration_endpoint: clients are registered by hand there`,
    }
  }
  const problem = problemOfEndpoint(endpoint, origins)
  if (problem !== undefined) return { problem: `the registration endpoint ${problem}` }
  return {
    endpoint: String(endpoint),
    methods: document === undefined ? [] : listIn(document, 'token_endpoint_auth_methods_supported'),
  }
}

function problemOfEndpoint(endpoint: unknown, origins: ReadonlySet<string>): string | undefined {
  if (typeof endpoint !== 'string' || endpoint.length > 2048 || !isSecureAddress(endpoint)) {
    return 'is no https address'
  }
  const origin = parseUrl(endpoint)?.origin ?? ''
  return origins.has(origin) ? undefined : `lies on ${origin}: if that is right, name it with --openid-origin`
}

const tokenTable = {
  /** Of RFC 6750: nothing else fits into a header. */
  initialAccessToken: optional(
    orInFile(textMatching(/^[\w.~+/-]{1,8192}=*$/, 'the token as the provider gave it')),
  ),
} as const

/**
 * The initial access token: from a file, standard input, or a variable. Never from an argument, which other users of the
 * machine can see, and shells remember. `undefined`: none, for a provider where anybody may register.
 */
export async function readInitialToken(
  source: string | undefined,
  { name }: { readonly name: string | undefined },
  { environment, console }: { readonly environment: Environment; readonly console: Console },
): Promise<string | undefined> {
  const initialAccessToken = source === undefined ? undefined : (await readSource(source, console)).trim()
  const { get, problems } = readOptions(
    tokenTable,
    { initialAccessToken },
    {
      root: rootFor('oidc', { name }),
      environment,
      surroundings: { isProduction: isProduction(environment) },
    },
  )
  const [problem] = problems
  if (problem !== undefined) {
    const where = source === undefined ? problem.variable : '--initial-token-file'
    throw usageError(`${where}: ${problem.message}`)
  }
  return get('initialAccessToken')
}
