/** @module Resolves the options of a suite: code, then environment, then defaults; everything wrong at once. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import type { applicationOptions } from './application-options.js'
import { defaultAssuranceLevel, trustedLevel } from './assurance-level.js'
import { type Environment, misspelt } from './environment.js'
import { defaultPolicy, type gateOptions } from './gate-options.js'
import type { identityProviderOptions, ResolvedIdentityProvider } from './identity-provider-options.js'
import type { CheckedOf } from './option.js'
import type { ResolvedOptions, ResolvedSharedCookieOptions, SuiteOptions } from './options.js'
import { configurePlugIns } from './plug-in-settings.js'
import {
  headerDomain,
  publicRoutesPath,
  type ReadSuiteOptions,
  readSuiteOptions,
} from './read-suite-options.js'
import { applyRules } from './rules.js'
import { sensitivities } from './sensitivity.js'
import { factorClaims, untrustedOf } from './trusted-claims.js'

/**
 * Resolves the options. What is not given in code is read from its environment variable, then from the defaults.
 * @throws ConfigurationError (`configuration`) with every problem: its path, its variable and what to write.
 */
export function resolveOptions(
  options: SuiteOptions & { readonly protocols?: undefined },
  environment: Environment,
): ResolvedSharedCookieOptions
export function resolveOptions(options: SuiteOptions, environment: Environment): ResolvedOptions
export function resolveOptions(options: SuiteOptions, environment: Environment): ResolvedOptions {
  const read = readSuiteOptions(options, environment, { isProduction: isProduction(environment) })
  applyRules(read)
  const plugIns = configurePlugIns(read.get('protocols') ?? [], environment)
  const variables = new Map([...read.variables, ...plugIns.variables])
  const problems = [...read.problems, ...plugIns.problems, ...misspelt(environment, variables)]
  if (problems.length > 0) throw new ConfigurationError(problems)
  return { ...complete(read, isProduction(environment)), protocols: plugIns.protocols }
}

/** Whether the environment says that this is production. */
export function isProduction(environment: Environment): boolean {
  return environment.NODE_ENV?.trim() === 'production'
}

/** The defaults that follow from something else, and what follows from several options. */
function complete(read: ReadSuiteOptions, isInProduction: boolean): ResolvedOptions {
  const { identityProvider, sharedCookie, application, routes, header, ...suite } = read.assemble()
  const random = suite.random ?? ((bytes: number) => new Uint8Array(randomBytes(bytes)))
  const isSharedCookie = read.get('identityProvider.url') !== undefined
  return {
    ...suite,
    clock: suite.clock ?? systemClock,
    fetch: suite.fetch ?? globalThis.fetch,
    random,
    rememberedTokens: identityProvider.keys.rememberedTokens,
    identityProvider: isSharedCookie ? completeIdentityProvider(identityProvider) : undefined,
    sharedCookie: isSharedCookie ? sharedCookie : undefined,
    application: completeApplication(application, random),
    routes: { ...routes, path: publicRoutesPath(read), gate: completeGate(routes.gate, application.id) },
    header: { ...header, domain: headerDomain(read) },
    takesProtocols: read.isGiven('protocols'),
    areSecretsGiven: read.isGiven('application.secrets'),
    isProduction: isInProduction,
    isSecure: application.url.startsWith('https://'),
  }
}

function completeApplication(
  given: CheckedOf<typeof applicationOptions>,
  random: ResolvedOptions['random'],
): ResolvedOptions['application'] {
  const { url, path = '', sensitivity, absoluteSeconds } = given
  const preset = sensitivities[sensitivity]
  return {
    ...given,
    path,
    startPage: `${path}/`,
    name: given.name ?? new URL(url).host,
    idleSeconds: given.idleSeconds ?? Math.min(preset.idleSeconds, absoluteSeconds),
    onIdle: given.onIdle ?? preset.onIdle,
    secrets: given.secrets ?? [randomSecret(random)],
  }
}

function completeGate(
  gate: CheckedOf<typeof gateOptions>,
  audience: string,
): ResolvedOptions['routes']['gate'] {
  return { ...gate, policies: gate.policies ?? new Map([[defaultPolicy, { audience }]]) }
}

function completeIdentityProvider({
  issuer,
  ...given
}: CheckedOf<typeof identityProviderOptions>): ResolvedIdentityProvider {
  const { url, internalUrl = url, endpoints, assuranceLevel, keys } = given
  const login = below(url, endpoints.login)
  const { secondFactor } = endpoints
  return {
    ...given,
    internalUrl,
    issuers: issuer ?? [url],
    endpoints: {
      jwks: below(internalUrl, endpoints.jwks),
      refresh: below(internalUrl, endpoints.refresh),
      login,
      logout: below(url, endpoints.logout),
      secondFactor: secondFactor === undefined ? login : below(url, secondFactor),
    },
    untrustedClaims: untrustedOf(factorClaims, given.trustedClaims),
    assuranceLevel: assuranceLevel === undefined ? defaultAssuranceLevel : trustedLevel(assuranceLevel),
    // A default gives way to the longer time.
    keys: { ...keys, floorSeconds: Math.min(keys.floorSeconds, keys.ceilingSeconds) },
  }
}

/** An endpoint below a base, whose path prefix is kept, unless it is absolute by itself. */
function below(base: string, endpoint: string): string {
  return endpoint.startsWith('/') ? new URL(base + endpoint).href : endpoint
}

/** 32 random bytes in base64url. A source that returns fewer would seal with a secret that can be guessed. */
function randomSecret(random: (bytes: number) => Uint8Array): string {
  const bytes = random(32)
  if (!(bytes instanceof Uint8Array) || bytes.length !== 32) {
    throw new ConfigurationError([
      {
        path: 'random',
        variable: '',
        message: 'write a function that returns as many bytes as it is asked for',
      },
    ])
  }
  return Buffer.from(bytes).toString('base64url')
}
