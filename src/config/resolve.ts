/** @module Resolves the options of a suite: code, then environment, then defaults; everything wrong at once. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import { trustedLevel } from './assurance-level.js'
import { defaultAssuranceLevel, sensitivities } from './defaults.js'
import type { Environment } from './environment.js'
import type {
  ResolvedIdentityProvider,
  ResolvedOptions,
  ResolvedSharedCookie,
  ResolvedSharedCookieOptions,
  SuiteOptions,
} from './options.js'
import { type Gathered, gather, publicRoutesPath, variableFor } from './read-options.js'
import { applyRules } from './rules.js'
import type { OptionPath, OptionValue } from './schema.js'

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
  const gathered = gather(options, environment, { isProduction: isProduction(environment) })
  applyRules(gathered)
  if (gathered.problems.length > 0) throw new ConfigurationError(gathered.problems)
  return assemble(gathered, isProduction(environment))
}

/** Whether the environment says that this is production. */
export function isProduction(environment: Environment): boolean {
  return environment.NODE_ENV?.trim() === 'production'
}

type Must = <P extends OptionPath>(path: P) => OptionValue<P>

function assemble(gathered: Gathered, isInProduction: boolean): ResolvedOptions {
  const { get } = gathered
  const must: Must = (path) => {
    const value = get(path)
    if (value === undefined) throw new ConfigurationError([problem(path, 'is missing')])
    return value
  }
  const sensitivity = must('application.sensitivity')
  const absoluteSeconds = must('application.absoluteSeconds')
  const random = get('random') ?? ((bytes: number) => new Uint8Array(randomBytes(bytes)))
  const isSharedCookie = get('identityProvider.url') !== undefined
  return {
    rememberedTokens: get('identityProvider.keys.rememberedTokens'),
    identityProvider: isSharedCookie ? identityProviderOf(gathered, must) : undefined,
    sharedCookie: isSharedCookie ? sharedCookieOf(must) : undefined,
    protocols: get('protocols') ?? [],
    application: {
      id: must('application.id'),
      url: must('application.url'),
      path: get('application.path') ?? '',
      startPage: `${get('application.path') ?? ''}/`,
      name: get('application.name') ?? new URL(must('application.url')).host,
      logo: get('application.logo'),
      sensitivity,
      idleSeconds:
        get('application.idleSeconds') ?? Math.min(sensitivities[sensitivity].idleSeconds, absoluteSeconds),
      absoluteSeconds,
      sessionsPerPerson: must('application.sessionsPerPerson'),
      onIdle: get('application.onIdle') ?? sensitivities[sensitivity].onIdle,
      returnOrigins: must('application.returnOrigins'),
      secrets: get('application.secrets') ?? [randomSecret(random)],
    },
    routes: {
      path: publicRoutesPath(gathered),
      touch: get('routes.touch'),
      skip: get('routes.skip'),
      stylesheet: get('routes.stylesheet'),
    },
    isProduction: isInProduction,
    isSecure: must('application.url').startsWith('https://'),
    store: get('store'),
    revocations: get('revocations'),
    events: { personKey: get('events.personKey') },
    onEvent: get('onEvent'),
    onSignIn: get('onSignIn'),
    clock: get('clock') ?? systemClock,
    fetch: get('fetch') ?? globalThis.fetch,
    random,
  }
}

function identityProviderOf({ get }: Gathered, must: Must): ResolvedIdentityProvider {
  const url = must('identityProvider.url')
  const internalUrl = get('identityProvider.internalUrl') ?? url
  const login = below(url, must('identityProvider.endpoints.login'))
  const secondFactor = get('identityProvider.endpoints.secondFactor')
  const ceilingSeconds = must('identityProvider.keys.ceilingSeconds')
  const assuranceLevel = get('identityProvider.assuranceLevel')
  return {
    url,
    internalUrl,
    issuers: get('identityProvider.issuer') ?? [url],
    audience: get('identityProvider.audience'),
    algorithms: must('identityProvider.algorithms'),
    endpoints: {
      jwks: below(internalUrl, must('identityProvider.endpoints.jwks')),
      refresh: below(internalUrl, must('identityProvider.endpoints.refresh')),
      login,
      logout: below(url, must('identityProvider.endpoints.logout')),
      secondFactor: secondFactor === undefined ? login : below(url, secondFactor),
    },
    sessionClaim: must('identityProvider.sessionClaim'),
    kindClaims: must('identityProvider.kindClaims'),
    acceptedClaims: must('identityProvider.acceptedClaims'),
    returnParameter: must('identityProvider.returnParameter'),
    reauthenticateParameters: must('identityProvider.reauthenticateParameters'),
    refresh: {
      afterSeconds: get('identityProvider.refresh.afterSeconds'),
      timeoutSeconds: must('identityProvider.refresh.timeoutSeconds'),
      waitMilliseconds: must('identityProvider.refresh.waitMilliseconds'),
      onUnavailable: must('identityProvider.refresh.onUnavailable'),
      readAnswer: get('identityProvider.refresh.readAnswer'),
    },
    clockSkewSeconds: must('identityProvider.clockSkewSeconds'),
    assuranceLevel: assuranceLevel === undefined ? defaultAssuranceLevel : trustedLevel(assuranceLevel),
    keys: {
      coolDownSeconds: must('identityProvider.keys.coolDownSeconds'),
      floorSeconds: Math.min(must('identityProvider.keys.floorSeconds'), ceilingSeconds),
      ceilingSeconds,
      staleSeconds: must('identityProvider.keys.staleSeconds'),
      timeoutSeconds: must('identityProvider.keys.timeoutSeconds'),
      rememberedTokens: get('identityProvider.keys.rememberedTokens'),
    },
  }
}

function sharedCookieOf(must: Must): ResolvedSharedCookie {
  return {
    domain: must('sharedCookie.domain'),
    names: {
      header: must('sharedCookie.names.header'),
      payload: must('sharedCookie.names.payload'),
      signature: must('sharedCookie.names.signature'),
    },
    path: must('sharedCookie.path'),
    sameSite: must('sharedCookie.sameSite'),
    persistent: must('sharedCookie.persistent'),
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
      problem('random', 'write a function that returns as many bytes as it is asked for'),
    ])
  }
  return Buffer.from(bytes).toString('base64url')
}

function problem(path: OptionPath, message: string) {
  return { path, variable: variableFor(path), message }
}
