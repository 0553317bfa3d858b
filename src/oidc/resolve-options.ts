/** @module Resolves the options of `oidc({ … })`: everything wrong at once. */
import type { Claims } from '../citizen.js'
import { trustedLevel } from '../config/assurance-level.js'
import { type CheckedRows, checkRows } from '../config/check-definitions.js'
import { ConfigurationError } from '../errors.js'
import { oidcRows } from './option-definitions.js'
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
  const optional = ['endSession', 'checkSession', 'revocation', 'pushedAuthorization'] as const
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

function assemble({ get, must }: Checked): ResolvedOidcOptions {
  return {
    issuer: must('issuer'),
    clientId: must('clientId'),
    clientSecret: get('clientSecret'),
    clientAuthentication: get('clientAuthentication'),
    internalUrl: get('internalUrl'),
    endpointOrigins: must('endpointOrigins'),
    endpoints: {
      authorization: get('endpoints.authorization'),
      token: get('endpoints.token'),
      jwks: get('endpoints.jwks'),
      endSession: get('endpoints.endSession'),
      checkSession: get('endpoints.checkSession'),
      revocation: get('endpoints.revocation'),
      pushedAuthorization: get('endpoints.pushedAuthorization'),
    },
    scope: must('scope'),
    responseMode: must('responseMode'),
    prompt: get('prompt'),
    maxAgeSeconds: get('maxAgeSeconds'),
    acrValues: must('acrValues'),
    stepUpAcrValues: must('stepUpAcrValues'),
    parameters: must('parameters'),
    passedParameters: must('passedParameters'),
    reauthenticate: {
      parameters: get('reauthenticate.parameters') ?? { prompt: 'login', max_age: '1' },
      proof: must('reauthenticate.proof'),
    },
    assuranceLevel: trustedLevel(get('assuranceLevel') ?? levelBy(must('stepUpAcrValues'))),
    idTokenAlgorithms: must('idTokenAlgorithms'),
    idTokenDecryptionKeys: must('idTokenDecryptionKeys'),
    idTokenHint: must('idTokenHint'),
    pushedAuthorization: must('pushedAuthorization'),
    clockSkewSeconds: must('clockSkewSeconds'),
    timeoutSeconds: must('timeoutSeconds'),
    frontchannelLogout: {
      sessionRequired: must('frontchannelLogout.sessionRequired'),
      cookieRequired: must('frontchannelLogout.cookieRequired'),
      downstream: get('frontchannelLogout.downstream') ?? (() => []),
    },
    backchannelLogout: {
      requireType: must('backchannelLogout.requireType'),
      isExpiryRequired: get('backchannelLogout.expiry') === undefined,
      maximumLifetimeSeconds: must('backchannelLogout.maximumLifetimeSeconds'),
    },
    sessionManagement: {
      pollSeconds: must('sessionManagement.pollSeconds'),
      followIdentity: must('sessionManagement.followIdentity'),
      responseType: must('sessionManagement.responseType'),
      timeoutSeconds: must('sessionManagement.timeoutSeconds'),
    },
    refresh: {
      afterSeconds: get('refresh.afterSeconds'),
      timeoutSeconds: must('refresh.timeoutSeconds'),
      waitMilliseconds: must('refresh.waitMilliseconds'),
      keepSeconds: must('refresh.keepSeconds'),
      onUnavailable: must('refresh.onUnavailable'),
    },
  }
}

/** Level 2 by one of these `acr`, or by `isDidAuth` where CitizenOne sends it. */
function levelBy(stepUpAcrValues: readonly string[]): (claims: Claims) => number {
  return ({ acr, isDidAuth }) =>
    isDidAuth === true || (typeof acr === 'string' && stepUpAcrValues.includes(acr)) ? 2 : 1
}
