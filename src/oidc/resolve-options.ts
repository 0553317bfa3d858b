/** @module Resolves the options of `oidc({ … })`: everything wrong at once. */
import type { Claims } from '../citizen.js'
import { trustedLevel } from '../config/assurance-level.js'
import type { Environment } from '../config/environment.js'
import { insteadOfOidc } from '../config/foreign-options.js'
import { type PlugInOptions, resolvedOf } from '../config/plug-in-options.js'
import { problemOfName, rootFor } from '../config/provider-name.js'
import { type ReadOptions, readOptions } from '../config/read-options.js'
import { isProduction } from '../config/resolve.js'
import { untrustedOf } from '../config/trusted-claims.js'
import { trustableClaims } from './claim-names.js'
import { type OidcOptions, oidcOptions, type ResolvedOidcOptions } from './options.js'

type Read = ReadOptions<typeof oidcOptions>

/** Reads the options: what is not given in code is read from `CITIZEN_OIDC_…`. */
export function readOidcOptions(
  options: OidcOptions,
  environment: Environment,
): PlugInOptions<ResolvedOidcOptions> {
  const surroundings = { isProduction: isProduction(environment) }
  const read = readOptions(oidcOptions, options, {
    root: rootFor('oidc', options),
    environment,
    surroundings,
    instead: insteadOfOidc,
  })
  if (read.problems.every(({ path }) => path !== 'oidc')) applyRules(read)
  const { problems, variables } = read
  return { problems, variables, resolved: problems.length > 0 ? undefined : complete(read) }
}

/**
 * Resolves the options.
 * @throws ConfigurationError (`configuration`) with every problem, and the nearest name for each unknown key.
 */
export function resolveOidcOptions(options: OidcOptions, environment: Environment): ResolvedOidcOptions {
  return resolvedOf(readOidcOptions(options, environment))
}

/** Rules between options. */
function applyRules({ get, isGiven, note }: Read): void {
  const nameProblem = problemOfName(get('name'), oidcOptions)
  if (nameProblem !== undefined) note('name', nameProblem)
  const authentication = get('clientAuthentication')
  const needsSecret =
    authentication === undefined ||
    authentication === 'client_secret_basic' ||
    authentication === 'client_secret_post'
  if (needsSecret && !isGiven('clientSecret')) {
    note('clientSecret', 'is missing: write it, or a clientAuthentication that needs none')
  }
  const all = ['authorization', 'token', 'jwks'] as const
  const given = all.filter((name) => isGiven(`endpoints.${name}`))
  const issuer = get('issuer')
  const allowed = new Set(get('endpointOrigins') ?? [])
  if (issuer !== undefined) allowed.add(new URL(issuer).origin)
  const optional = ['endSession', 'checkSession', 'revocation', 'userInfo', 'pushedAuthorization'] as const
  for (const name of [...given, ...optional]) {
    const url = get(`endpoints.${name}`)
    if (issuer !== undefined && typeof url === 'string' && !allowed.has(new URL(url).origin)) {
      note(`endpoints.${name}`, 'lies on another origin than the issuer: name that origin in endpointOrigins')
    }
  }
  if (get('reauthenticate.proof') === 'asked' && get('pushedAuthorization') === 'never') {
    note(
      'pushedAuthorization',
      'leave it out with reauthenticate.proof asked: addresses can be changed in the browser',
    )
  }
  if (get('responseType') === 'code id_token' && get('responseMode') === 'query') {
    note('responseMode', 'write form_post with code id_token: an ID token in an address would end up in logs')
  }
  if ((get('stepUpAcrValues')?.length ?? 0) > 0 && get('trustedClaims')?.includes('acr') === false) {
    note('trustedClaims', 'name acr as well, or leave stepUpAcrValues out: nothing else shows one of them')
  }
  const isEndpointMissing = given.length === all.length && get('endpoints.userInfo') === undefined
  if (get('userInfo') === 'always' && (isEndpointMissing || get('endpoints.userInfo') === false)) {
    note('endpoints.userInfo', 'write it: userInfo always asks it, and nothing is discovered')
  }
  if (get('userInfo') === 'never' && get('userInfoAtRefresh') === true) {
    note('userInfoAtRefresh', 'leave it out with userInfo never')
  }
  if (get('sessionManagement.enabled') === true && get('endpoints.checkSession') === false) {
    note(
      'sessionManagement.enabled',
      'leave it out, or endpoints.checkSession: false would leave no frame to ask',
    )
  }
  const wait = get('refresh.waitMilliseconds')
  const timeout = get('refresh.timeoutSeconds')
  if (
    wait !== undefined &&
    timeout !== undefined &&
    wait > timeout * 1000 &&
    isGiven('refresh.waitMilliseconds')
  ) {
    note('refresh.waitMilliseconds', 'write at most what refresh.timeoutSeconds allows')
  }
}

/** The defaults that follow from something else. */
function complete(read: Read): ResolvedOidcOptions {
  const given = read.assemble()
  const { reauthenticate, frontchannelLogout, responseType } = given
  const { expiry, ...backchannelLogout } = given.backchannelLogout
  return {
    ...given,
    responseMode: given.responseMode ?? (responseType === 'code' ? 'query' : 'form_post'),
    sessionManagement: {
      ...given.sessionManagement,
      responseType: given.sessionManagement.responseType ?? responseType,
    },
    reauthenticate: {
      ...reauthenticate,
      parameters: reauthenticate.parameters ?? { prompt: 'login', max_age: '1' },
    },
    untrustedClaims: untrustedOf(trustableClaims, given.trustedClaims),
    assuranceLevel: trustedLevel(given.assuranceLevel ?? levelBy(given.stepUpAcrValues)),
    frontchannelLogout: {
      ...frontchannelLogout,
      downstream: frontchannelLogout.downstream ?? (() => []),
    },
    backchannelLogout: { ...backchannelLogout, isExpiryRequired: expiry === undefined },
  }
}

/** Level 2 by one of these `acr`, or by `isDidAuth`; what the provider is not believed is not among the claims. */
function levelBy(stepUpAcrValues: readonly string[]): (claims: Claims) => number {
  return ({ acr, isDidAuth }) =>
    isDidAuth === true || (typeof acr === 'string' && stepUpAcrValues.includes(acr)) ? 2 : 1
}
