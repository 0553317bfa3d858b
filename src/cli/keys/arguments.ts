/** @module The arguments of `citizen-session keys`, each allowed only where it means something. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type SigningAlgorithm, signingAlgorithms } from '../../issuing/algorithms.js'
import { isKid } from '../../issuing/public-jwk.js'
import type { RingPolicy } from '../../issuing/ring-state.js'
import { maximumKeys } from '../../tokens/verification-keys.js'
import { usageError } from '../command.js'

/** Where what is published goes. */
export interface OutputArguments {
  /** As it was given: a user and a group, by number. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  readonly isDryRun: boolean
  /** A new file; `undefined`: standard output. */
  readonly out: string | undefined
}

/** What the arguments of the actions say that are about a ring in a folder. */
export interface KeysArguments extends OutputArguments {
  readonly folder: string
  readonly groupRead: boolean
  readonly isForced: boolean
  readonly isJson: boolean
  readonly name: string | undefined
  readonly importFrom: string | undefined
  readonly kid: string | undefined
  readonly algorithm: SigningAlgorithm | undefined
  readonly modulusLength: number | undefined
  readonly policy: Partial<RingPolicy>
  readonly compromised: string | undefined
}

const options = {
  folder: { type: 'string' },
  owner: { type: 'string' },
  'group-read': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  out: { type: 'string' },
  name: { type: 'string' },
  import: { type: 'string' },
  kid: { type: 'string' },
  algorithm: { type: 'string' },
  bits: { type: 'string' },
  'cache-seconds': { type: 'string' },
  'publish-seconds': { type: 'string' },
  'token-seconds': { type: 'string' },
  compromised: { type: 'string' },
} as const

type Name = keyof typeof options

const always: readonly Name[] = ['folder', 'owner', 'group-read']
const making: readonly Name[] = [
  ...['dry-run', 'force', 'kid', 'import', 'algorithm', 'bits'],
  ...['cache-seconds', 'publish-seconds', 'token-seconds'],
] as Name[]

/** The options of each action besides {@link always}. */
const allowed: Readonly<Record<string, readonly Name[]>> = {
  generate: [...making, 'name'],
  rotate: [...making, 'compromised'],
  list: ['json'],
  check: ['json'],
  'export-jwks': ['out', 'dry-run'],
  'export-public': ['out', 'dry-run', 'kid'],
}

/** Reads the arguments of one action. @throws CitizenSessionError `usage` */
export async function parseKeysArguments(action: string, args: readonly string[]): Promise<KeysArguments> {
  const values = parse(args)
  const may = new Set<string>([...always, ...(allowed[action] ?? [])])
  const wrong = Object.keys(values).find((name) => !may.has(name))
  if (wrong !== undefined) throw usageError(`keys ${action} has no option --${wrong}`)
  const folder = values.folder ?? process.env.CITIZEN_SSO_KEYS
  if (folder === undefined || folder === '')
    throw usageError('say where the keys are: --folder <path>, or the variable CITIZEN_SSO_KEYS')
  if (values.kid !== undefined && values.import === undefined && action !== 'export-public')
    throw usageError('--kid names an imported key: new keys are named by their day')
  const algorithm = signingAlgorithms.find((each) => each === values.algorithm)
  if (values.algorithm !== undefined && algorithm === undefined)
    throw usageError(`--algorithm is one of ${signingAlgorithms.join(', ')}`)
  if (values.import !== undefined && (algorithm !== undefined || values.bits !== undefined))
    throw usageError('an imported key has its algorithm and size: leave --algorithm and --bits out')
  const modulusLength = toNumber('bits', values.bits)
  if (
    modulusLength !== undefined &&
    (modulusLength < 2048 || modulusLength > 8192 || modulusLength % 8 !== 0)
  )
    throw usageError('--bits is 2048 to 8192; 3072 is recommended')
  return {
    folder: resolve(folder),
    owner: values.owner === undefined ? undefined : await toOwner(values.owner),
    groupRead: values['group-read'] ?? false,
    isDryRun: values['dry-run'] ?? false,
    isForced: values.force ?? false,
    isJson: values.json ?? false,
    out: values.out,
    name: values.name,
    importFrom: values.import,
    kid: values.kid,
    algorithm,
    modulusLength,
    policy: policyOf(values),
    compromised: values.compromised,
  }
}

function parse(args: readonly string[]) {
  return reading(() => parseArgs({ args: [...args], options, strict: true }).values)
}

function reading<Values>(read: () => Values): Values {
  try {
    return read()
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

/** What the arguments of `keys jwks` say. */
export interface JwksArguments extends OutputArguments {
  /** Public keys, each a file or `-` for standard input, with the name that it gets; in the order of the set. */
  readonly publicKeys: readonly { readonly source: string; readonly kid: string }[]
}

/** Reads the arguments of `keys jwks`, which needs no folder. @throws CitizenSessionError `usage` */
export async function parseJwksArguments(args: readonly string[]): Promise<JwksArguments> {
  const { public: sources = [], kid: kids = [], owner, out, 'dry-run': isDryRun = false } = parseJwks(args)
  if (sources.length === 0)
    throw usageError('say which public key: --public <file>, or --public - for standard input')
  if (sources.filter((source) => source === '-').length > 1)
    throw usageError('standard input is one key: --public - once')
  if (sources.length !== kids.length)
    throw usageError(
      'each --public needs its --kid, the name under which partners know it, as in vivoldi-sso-20251008',
    )
  if (new Set(kids).size < kids.length) throw usageError('two keys of a set cannot have the same --kid')
  if (sources.length > maximumKeys) throw usageError(`a key set has at most ${maximumKeys} keys`)
  if (!kids.every(isKid)) throw usageError('--kid is letters, digits, -, _ and single dots, 128 at most')
  return {
    publicKeys: sources.map((source, index) => ({ source, kid: kids[index] ?? '' })),
    owner: owner === undefined ? undefined : await toOwner(owner),
    isDryRun,
    out,
  }
}

const jwksOptions = {
  public: { type: 'string', multiple: true },
  kid: { type: 'string', multiple: true },
  owner: { type: 'string' },
  out: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const

function parseJwks(args: readonly string[]) {
  return reading(() => parseArgs({ args: [...args], options: jwksOptions, strict: true }).values)
}

function toNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9]{1,9}$/.test(text)) throw usageError(`--${name} must be a whole number, not "${text}"`)
  return Number(text)
}

function policyOf(values: ReturnType<typeof parse>): Partial<RingPolicy> {
  const all = {
    cacheSeconds: toNumber('cache-seconds', values['cache-seconds']),
    publishSeconds: toNumber('publish-seconds', values['publish-seconds']),
    tokenSeconds: toNumber('token-seconds', values['token-seconds']),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Names are looked up where the system keeps them, by `id`. */
async function toOwner(text: string): Promise<{ uid: number; gid: number }> {
  const [, user = '', group] = /^([\w.-]+)(?::([\w.-]+))?$/.exec(text) ?? []
  if (user === '') throw usageError('--owner is a user, or user:group')
  const isNumber = (name: string): boolean => /^\d{1,9}$/.test(name)
  const uid = isNumber(user) ? Number(user) : await idOf(['-u', user])
  const gid =
    group === undefined ? await idOf(['-g', user]) : isNumber(group) ? Number(group) : await groupOf(group)
  if (uid === undefined || gid === undefined)
    throw usageError(`--owner: ${text} is not known here; give numbers, as in 33:33`)
  return { uid, gid }
}

async function idOf(args: readonly string[]): Promise<number | undefined> {
  return numberIn('id', args, /^(\d+)\s*$/)
}

async function groupOf(name: string): Promise<number | undefined> {
  return numberIn('getent', ['group', name], /^[^:]*:[^:]*:(\d+):/)
}

async function numberIn(
  command: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args])
    const found = pattern.exec(stdout)?.[1]
    return found === undefined ? undefined : Number(found)
  } catch {
    return undefined
  }
}
