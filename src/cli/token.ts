/** @module `citizen-session token inspect`: what a token says, and what our configuration would say of it. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../clock.js'
import { type Environment, textOfVariable, variableOf } from '../config/environment.js'
import {
  type ResolvedOptions,
  type ResolvedSharedCookieOptions,
  usesSharedCookie,
} from '../config/options.js'
import { resolveOptions } from '../config/resolve.js'
import { sharedCookieOptions } from '../config/shared-cookie-options.js'
import { ConfigurationError } from '../errors.js'
import { printable } from '../printable.js'
import type { TokenParts } from '../tokens/token-parts.js'
import { type Command, type Console, untilStopped, usageError } from './command.js'
import { findProviders } from './doctor/providers.js'
import { codeOf, isConfigured, readEnvironment } from './environment.js'
import { createPaint, printableJson } from './print.js'
import { createProbe, toFetch } from './probe.js'
import { judgeToken, readLoosely, type TokenVerdict } from './token/judge.js'
import { findTokens, readInput } from './token/read.js'
import { timeInWords } from './token/times.js'

const help = `Usage: citizen-session token inspect [options] [- | <token> | <three parts>]

Says what a token holds, its times in words, and whether the configuration in the environment would accept it and why.
Reads a token, its three parts, or a whole Cookie header, from standard input unless one is given as argument.
Other users of this machine can see arguments: prefer standard input.

  --fetch-keys        ask the provider for its keys, and verify the signature; without it nothing is contacted
  --env-file <path>   read variables from a file, may be repeated; the environment wins over it
  --ca <path>         certificates (PEM) to trust besides those of Node
  --show-signature    print the signature in full: whoever has it has the token
  --json              print one JSON document
  --help              this text

Exit codes: 0 nothing speaks against the token, 1 it would be refused or cannot be judged, 2 wrong usage.`

const options = {
  'fetch-keys': { type: 'boolean' },
  'env-file': { type: 'string', multiple: true },
  ca: { type: 'string' },
  'show-signature': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

/**
 * The options of the environment. Providers of `oidc()` and `saml()` count where there is no shared cookie: none is missing
 * beside them, and none of a token's rules is theirs. `undefined`: nothing of ours is configured. @throws ConfigurationError
 */
async function configurationOf(environment: Environment): Promise<ResolvedOptions | undefined> {
  const isShared = textOfVariable(environment, variableOf('identityProvider.url')) !== undefined
  const { plugIns, isDescribed } = await findProviders({}, environment)
  if (!isDescribed && !isConfigured(environment)) return undefined
  return resolveOptions(isDescribed && !isShared ? { protocols: plugIns } : {}, environment)
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const [action, ...rest] = args
  if (action !== 'inspect') {
    throw usageError(
      action === undefined ? 'say what to do: inspect' : `"${action}" is not known: write inspect`,
    )
  }
  const { values, positionals } = parse(rest)
  const isFromInput = positionals.length === 0 || (positionals.length === 1 && positionals[0] === '-')
  if (!isFromInput && ![1, 3].includes(positionals.length)) {
    throw usageError('give one token, three parts, or nothing and pipe it in')
  }
  if (!isFromInput) {
    console.err('Other users of this machine can see arguments: pipe the token in instead.')
  }
  const text = isFromInput ? await untilStopped(readInput(console), console) : positionals.join(' ')
  if (text === undefined) return 1
  const environment = await readEnvironment(values['env-file'] ?? [])
  let resolved: ResolvedOptions | undefined
  let broken: ConfigurationError | undefined
  try {
    resolved = await configurationOf(environment)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    broken = error
  }
  const configuration = resolved !== undefined && usesSharedCookie(resolved) ? resolved : undefined
  const why = whyUnjudged(resolved, broken)
  const fetch = values['fetch-keys'] === true ? await keyFetch(configuration, values.ca) : undefined
  const now = systemClock()
  const tokens = findTokens(text, configuration?.sharedCookie.names ?? defaultNames)
  const inspected = await Promise.all(
    tokens.map(async (parts) => ({
      parts,
      verdict:
        configuration === undefined ? undefined : await judgeToken(parts, configuration, { now, fetch }),
    })),
  )
  const showsSignature = values['show-signature'] === true
  if (values.json === true) {
    const documents = inspected.map(({ parts, verdict }) => toDocument(parts, verdict, now, showsSignature))
    console.out(printableJson({ tokens: documents, configurationProblems: broken?.problems ?? [] }))
  } else {
    const paint = createPaint(console)
    if (inspected.length > 1) {
      console.out(
        `A cookie comes more than once: these are the ${inspected.length} tokens that the parts make.\n`,
      )
    }
    for (const { parts, verdict } of inspected) {
      console.out(describe(parts, verdict, { now, showsSignature, paint, why }))
    }
    if (broken !== undefined) console.err(`citizen-session token: ${broken.message}`)
  }
  const isGood = inspected.every(({ verdict }) => verdict === undefined || isFavourable(verdict))
  return isGood && broken === undefined ? 0 : 1
}

const { header, payload, signature } = sharedCookieOptions.names
/** Names of the three cookies where nothing is configured. */
const defaultNames = {
  header: header.fallback,
  payload: payload.fallback,
  signature: signature.fallback,
}

const isFavourable = ({ outcome }: TokenVerdict) => outcome === 'accepted' || outcome === 'unproven'

async function keyFetch(
  configuration: ResolvedSharedCookieOptions | undefined,
  file: string | undefined,
): Promise<typeof globalThis.fetch> {
  if (configuration === undefined) {
    throw usageError('--fetch-keys needs a configuration: set CITIZEN_IDENTITY_PROVIDER_URL and the others')
  }
  const certificates =
    file === undefined
      ? undefined
      : await readFile(file, 'utf8').catch((cause: unknown) => {
          throw usageError(`--ca: ${file} cannot be read (${codeOf(cause)})`, cause)
        })
  const { endpoints, keys } = configuration.identityProvider
  return toFetch(
    createProbe({
      origins: new Set([new URL(endpoints.jwks).origin]),
      timeoutSeconds: keys.timeoutSeconds,
      certificates,
      clock: systemClock,
    }),
  )
}

const timeClaims = ['iat', 'nbf', 'exp', 'auth_time', 'updated_at']

function timesOf(claims: Readonly<Record<string, unknown>> | undefined, now: number): Record<string, string> {
  const times: Record<string, string> = {}
  for (const name of timeClaims) {
    const value = claims?.[name]
    if (typeof value === 'number') times[name] = timeInWords(value, now)
  }
  return times
}

/** Enough to tell two apart, not enough to use. */
function shorten(signature: string): string {
  return signature.length <= 16 ? '…' : `${signature.slice(0, 6)}… (${signature.length} characters)`
}

function toDocument(
  parts: TokenParts,
  verdict: TokenVerdict | undefined,
  now: number,
  showsSignature: boolean,
) {
  const { header, claims } = readLoosely(parts)
  return {
    header: header ?? null,
    claims: claims ?? null,
    times: timesOf(claims, now),
    signature: showsSignature ? parts.signature : shorten(parts.signature),
    verdict: verdict ?? null,
  }
}

interface Manner {
  readonly now: number
  readonly showsSignature: boolean
  /** Why there is no verdict. */
  readonly why: string
  readonly paint: ReturnType<typeof createPaint>
}

function describe(parts: TokenParts, verdict: TokenVerdict | undefined, manner: Manner): string {
  const { paint, now } = manner
  const { header, claims } = readLoosely(parts)
  const times = timesOf(claims, now)
  const rows = (object: Readonly<Record<string, unknown>> | undefined) =>
    object === undefined
      ? ['  cannot be read: not base64url of a JSON object']
      : Object.entries(object).map(([name, value]) => {
          const time = times[name] !== undefined && object === claims ? `  (${times[name]})` : ''
          return printable(`  ${name}: ${JSON.stringify(value)}${time}`)
        })
  const signature = manner.showsSignature ? parts.signature : shorten(parts.signature)
  return [
    paint('bold', 'Header'),
    ...rows(header),
    paint('bold', 'Claims'),
    ...rows(claims),
    paint('bold', 'Signature'),
    `  ${printable(signature)}`,
    paint('bold', 'Verdict'),
    `  ${sentence(verdict, manner)}`,
    '',
  ].join('\n')
}

/** Why a token is compared with nothing, where it is not. */
function whyUnjudged(resolved: ResolvedOptions | undefined, broken: ConfigurationError | undefined): string {
  if (broken !== undefined) return 'none: the configuration cannot be used'
  return resolved === undefined
    ? 'none: nothing is configured here (CITIZEN_…), so nothing was compared'
    : 'none: no shared cookie is configured here (CITIZEN_IDENTITY_PROVIDER_URL), so nothing was compared'
}

function sentence(verdict: TokenVerdict | undefined, { paint, why }: Manner): string {
  if (verdict === undefined) return why
  const reason = printable(verdict.reason)
  switch (verdict.outcome) {
    case 'accepted':
      return `${paint('green', 'accepted')}: ${reason}`
    case 'unproven':
      return `${paint('yellow', 'not refused so far')}: ${reason}`
    case 'refused':
      return `${paint('red', `refused (${verdict.problem})`)}: ${reason}`
    case 'undecided':
      return `${paint('yellow', 'undecided')}: ${reason}`
  }
}

/** The command. */
export const tokenCommand: Command = {
  summary: 'says what a token holds, and whether the configuration accepts it (token inspect)',
  help,
  run,
}
