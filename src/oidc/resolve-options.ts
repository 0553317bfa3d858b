/** @module Resolves the options of `oidc({ … })`: everything wrong at once. */
import type { Claims } from '../citizen.js'
import { type CheckedRows, checkRows } from '../config/check-rows.js'
import { ConfigurationError } from '../errors.js'
import { oidcRows } from './option-rows.js'
import type { OidcOptions, ResolvedOidcOptions } from './options.js'

type Checked = CheckedRows<typeof oidcRows>

/**
 * Resolves the options.
 * @throws ConfigurationError (`configuration`) with every problem, and the nearest name for each unknown key.
 */
export function resolveOidcOptions(
  options: OidcOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedOidcOptions {
  const isProduction = environment.NODE_ENV?.trim() === 'production'
  const checked = checkRows(oidcRows, options, { root: 'oidc', surroundings: { isProduction } })
  if (checked.problems.every(({ path }) => path !== 'oidc')) applyRules(checked)
  if (checked.problems.length > 0) throw new ConfigurationError(checked.problems)
  return assemble(checked)
}

/** Rules between options. */
function applyRules({ get, isGiven, note }: Checked): void {
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
  for (const name of given) {
    const url = get(`endpoints.${name}`)
    if (issuer !== undefined && url !== undefined && !allowed.has(new URL(url).origin)) {
      note(`endpoints.${name}`, 'lies on another origin than the issuer: name that origin in endpointOrigins')
    }
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

function assemble({ get }: Checked): ResolvedOidcOptions {
  const must = <T>(value: T | undefined): T => {
    if (value === undefined) throw new TypeError('an option without a default was taken for one that has one')
    return value
  }
  return {
    issuer: must(get('issuer')),
    clientId: must(get('clientId')),
    clientSecret: get('clientSecret'),
    clientAuthentication: get('clientAuthentication'),
    internalUrl: get('internalUrl'),
    endpointOrigins: must(get('endpointOrigins')),
    endpoints: {
      authorization: get('endpoints.authorization'),
      token: get('endpoints.token'),
      jwks: get('endpoints.jwks'),
      endSession: get('endpoints.endSession'),
      checkSession: get('endpoints.checkSession'),
      revocation: get('endpoints.revocation'),
      pushedAuthorization: get('endpoints.pushedAuthorization'),
    },
    scope: must(get('scope')),
    responseMode: must(get('responseMode')),
    prompt: get('prompt'),
    maxAgeSeconds: get('maxAgeSeconds'),
    acrValues: must(get('acrValues')),
    stepUpAcrValues: must(get('stepUpAcrValues')),
    parameters: must(get('parameters')),
    passedParameters: must(get('passedParameters')),
    assuranceLevel: trustedLevel(get('assuranceLevel'), must(get('stepUpAcrValues'))),
    idTokenAlgorithms: must(get('idTokenAlgorithms')),
    idTokenDecryptionKeys: must(get('idTokenDecryptionKeys')),
    idTokenHint: must(get('idTokenHint')),
    pushedAuthorization: must(get('pushedAuthorization')),
    clockSkewSeconds: must(get('clockSkewSeconds')),
    timeoutSeconds: must(get('timeoutSeconds')),
    frontchannelLogout: {
      sessionRequired: must(get('frontchannelLogout.sessionRequired')),
      downstream: get('frontchannelLogout.downstream') ?? (() => []),
    },
    backchannelLogout: {
      requireType: must(get('backchannelLogout.requireType')),
      isExpiryRequired: get('backchannelLogout.expiry') === undefined,
      maximumLifetimeSeconds: must(get('backchannelLogout.maximumLifetimeSeconds')),
    },
    sessionManagement: {
      pollSeconds: must(get('sessionManagement.pollSeconds')),
      followIdentity: must(get('sessionManagement.followIdentity')),
      responseType: must(get('sessionManagement.responseType')),
      timeoutSeconds: must(get('sessionManagement.timeoutSeconds')),
    },
    refresh: {
      afterSeconds: get('refresh.afterSeconds'),
      timeoutSeconds: must(get('refresh.timeoutSeconds')),
      waitMilliseconds: must(get('refresh.waitMilliseconds')),
      keepSeconds: must(get('refresh.keepSeconds')),
      onUnavailable: must(get('refresh.onUnavailable')),
    },
  }
}

/** A mistake of the application must not open anything: what is no finite number is the lowest level. */
function trustedLevel(
  given: ((claims: Claims) => unknown) | undefined,
  stepUpAcrValues: readonly string[],
): (claims: Claims) => number {
  const isStrong = ({ acr, isDidAuth }: Claims): boolean =>
    isDidAuth === true || (typeof acr === 'string' && stepUpAcrValues.includes(acr))
  const assuranceLevel = given ?? ((claims: Claims) => (isStrong(claims) ? 2 : 1))
  return (claims) => {
    const level = assuranceLevel(claims)
    return typeof level === 'number' && Number.isFinite(level) ? level : 0
  }
}
