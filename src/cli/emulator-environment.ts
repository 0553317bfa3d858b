/**
 * @module The options of the emulator that variables hold. A name is mechanical: `openid.codeSeconds` is
 * `CITIZEN_EMULATOR_OPENID_CODE_SECONDS`. Only the command line reads them: `createEmulator` is the same everywhere.
 */
import { type Environment, textOfVariable, variableOf } from '../config/environment.js'
import { unknownName } from '../config/nearest.js'
import {
  checkGiven,
  choice,
  type Kind,
  listOf,
  numberBetween,
  publicly,
  textMatching,
  yesOrNo,
} from '../config/option-types.js'
import { leastIterations, mostIterations } from '../emulator/hashing.js'
import type { EmulatorOptions } from '../emulator/index.js'
import { refreshAnswerShapes } from '../emulator/options.js'
import { toKeyAddress } from '../emulator/partner/options.js'
import { parseUrl } from '../parse-url.js'
import { usageError } from './command.js'
import { type ListName, readListFile } from './emulator-file.js'

const mostSeconds = 999_999_999
const seconds = numberBetween(0, mostSeconds)
const someSeconds = numberBetween(1, mostSeconds)
const text = textMatching(/^[\x21-\x7e]{1,1024}$/, 'a text without blanks')
const cookieName = textMatching(
  /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/,
  'the name of a cookie, as in c1_payload',
)

/** An emulator in a network of containers may have an address with http: whatever the suite accepts, it is for tests. */
const checkOrigin: Kind<string>['check'] = (value) => {
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  return isOrigin ? { value: url.origin } : { problem: 'write an origin, as in https://id.example.gov' }
}
const origin: Kind<string> = { fromText: (given) => given, check: checkOrigin, isPublic: true }
const origins = publicly(
  listOf(checkOrigin, {
    least: 1,
    most: 64,
    hint: 'at most 64 origins, as in https://benefits.example.gov,https://permits.example.gov',
  }),
)

const domain: Kind<string | false> = {
  fromText: (given) => (given === 'false' ? false : given),
  check: (value) =>
    value === false || (typeof value === 'string' && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value))
      ? { value }
      : { problem: 'write a domain, as in citizen.localhost, or false for a cookie of one host' },
  isPublic: true,
}

const partnerText = textMatching(/^[\x21-\x7e]{1,256}$/, 'a text without blanks, of at most 256 characters')
const keyAddress: Kind<string> = {
  fromText: (given) => given,
  check(value) {
    try {
      return { value: toKeyAddress(String(value)) }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : 'write an address' }
    }
  },
  isPublic: true,
}

/** A file that {@link readListFile} reads. */
const fileWith = (list: ListName): Kind<object> => ({
  fromText: (path) => readListFile(list, path),
  check: (read) => read as ReturnType<typeof readListFile>,
})

/** What makes the emulator one more kind of provider, and what names the file. */
const modes = {
  openid: { list: 'clients', file: 'openid.clientsFile' },
  saml: { list: 'serviceProviders', file: 'saml.serviceProvidersFile' },
} as const

/** Every option that a variable can hold. */
const kinds: Readonly<Record<string, Kind<unknown>>> = {
  url: origin,
  port: numberBetween(0, 65_535),
  host: text,
  remote: yesOrNo,
  domain,
  secure: yesOrNo,
  tokenSeconds: seconds,
  idleSeconds: seconds,
  sessionSeconds: seconds,
  renewAfterSeconds: seconds,
  jwksMaxAgeSeconds: seconds,
  'cookieNames.header': cookieName,
  'cookieNames.payload': cookieName,
  'cookieNames.signature': cookieName,
  allowedReturnOrigins: origins,
  refreshAnswer: choice(...refreshAnswerShapes),
  acceptsOlderTokens: yesOrNo,
  sharesSessionId: yesOrNo,
  control: yesOrNo,
  hashingCost: numberBetween(leastIterations, mostIterations),
  [modes.openid.file]: fileWith(modes.openid.list),
  'openid.codeSeconds': someSeconds,
  'openid.accessTokenSeconds': someSeconds,
  'openid.idTokenSeconds': someSeconds,
  'openid.refreshTokenSeconds': someSeconds,
  'openid.backchannelTimeoutSeconds': someSeconds,
  'openid.accessTokenFormat': choice('opaque', 'jwt'),
  'openid.rotatesRefreshTokens': yesOrNo,
  'openid.confirmsLogout': yesOrNo,
  'openid.registration': yesOrNo,
  'openid.initialAccessToken': text,
  [modes.saml.file]: fileWith(modes.saml.list),
  'saml.entityId': text,
  'saml.signs': choice('assertion', 'response', 'both'),
  'saml.signsMetadata': yesOrNo,
  'saml.wantsSignedRequests': yesOrNo,
  'saml.metadataSeconds': someSeconds,
  'saml.cacheSeconds': someSeconds,
  'saml.certificateSeconds': someSeconds,
  'saml.assertionSeconds': someSeconds,
  'saml.logoutSeconds': someSeconds,
  'saml.frontChannel': choice('redirects', 'frames'),
  'partner.host': textMatching(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'a host name, as in partner.localhost'),
  'partner.issuer': partnerText,
  'partner.audience': partnerText,
  'partner.jwksUrl': keyAddress,
}

const variableFor = (path: string): string => variableOf(`emulator.${path}`)
const prefix = variableFor('')

/** Every variable that is read, with the path of its option. */
export const emulatorVariables: ReadonlyMap<string, string> = new Map(
  Object.keys(kinds).map((path) => [variableFor(path), path]),
)

const registering = `${variableFor('openid.registration')}=true`

type Group = Readonly<Record<string, unknown>>

/**
 * The options of the emulator: those of the arguments, and for the rest those of the variables. Blanks around a value do
 * not count, and an empty variable is none.
 * @throws `usage`: every variable that is wrong, not known or without effect, and what to write instead
 */
export function withEmulatorVariables(given: EmulatorOptions, environment: Environment): EmulatorOptions {
  const problems: string[] = []
  const values = new Map<string, unknown>()
  for (const variable of Object.keys(environment).filter((name) => name.startsWith(prefix))) {
    const found = textOfVariable(environment, variable)
    const path = emulatorVariables.get(variable)
    const kind = kinds[path ?? '']
    if (found === undefined) continue
    if (path === undefined || kind === undefined) {
      const names = [...emulatorVariables.keys()]
      problems.push(`${variable} ${unknownName({ name: variable, parent: '', names })}`)
      continue
    }
    const checked = checkGiven(kind, kind.fromText?.(found), { isProduction: false })
    if ('problem' in checked) problems.push(`${variable}: ${checked.problem}`)
    else values.set(path, checked.value)
  }
  const options = merged(given, values)
  problems.push(...withoutEffect(options, values))
  if (problems.length > 0) throw usageError(['variables cannot be used:', ...problems].join('\n  '))
  return options
}

/** What the variables say, under what is given: a file first, then what stands beside it, then the arguments. */
function merged(given: EmulatorOptions, values: ReadonlyMap<string, unknown>): EmulatorOptions {
  const options: Record<string, unknown> = {}
  for (const { file } of Object.values(modes)) {
    if (values.has(file)) options[file.split('.')[0] ?? ''] = values.get(file)
  }
  const isFile = (path: string): boolean => path === modes.openid.file || path === modes.saml.file
  const isGroup = (name: string): boolean => Object.hasOwn(modes, name) || name === 'partner'
  for (const [path, value] of values) {
    const [first = '', second] = path.split('.')
    if (isFile(path)) continue
    options[first] = second === undefined ? value : { ...(options[first] as Group), [second]: value }
  }
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue
    options[name] = isGroup(name) ? { ...(options[name] as Group), ...(value as Group) } : value
  }
  // Who lets clients register themselves needs none to begin with.
  const openid = options.openid as Group | undefined
  if (openid?.registration === true) options.openid = { clients: [], ...openid }
  return options
}

/** Variables of a kind of provider that the emulator is not: nothing is silently without effect. */
function withoutEffect(options: EmulatorOptions, values: ReadonlyMap<string, unknown>): readonly string[] {
  return (['openid', 'saml'] as const).flatMap((mode) => {
    const { list, file } = modes[mode]
    const isThere = list in ((options[mode] as Group | undefined) ?? {})
    const paths = isThere ? [] : [...values.keys()].filter((path) => path.startsWith(`${mode}.`))
    return paths.map((path) => {
      const wanted = path === 'openid.initialAccessToken' ? registering : variableFor(file)
      return `${variableFor(path)} has no effect without ${wanted}`
    })
  })
}
