/** @module `citizen-session registration`: what to register at the identity provider, printed or registered there. */
import { parseArgs } from 'node:util'
import { systemClock } from '../clock.js'
import { printable } from '../printable.js'
import { type Command, type Console, usageError } from './command.js'
import { isName, type ProtocolName, providersIn } from './configured-providers.js'
import { readEnvironment } from './environment.js'
import { readCertificates, readTimeout } from './network-arguments.js'
import { createPaint, printableJson } from './print.js'
import {
  type DescribedApplication,
  describeApplication,
  describeClient,
  describeServiceProvider,
} from './registration/described.js'
import { type Reach, type RegistrationAction, runAction } from './registration/dynamic.js'
import {
  openidRows,
  type Row,
  samlRows,
  sharedCookieRegistrationOf,
  sharedCookieRows,
} from './registration/sheet.js'

const help = `Usage: citizen-session registration [options]

Prints what to register at the identity provider for this application: every address, exactly as the provider must
know it, and the features to switch on. Reads CITIZEN_APPLICATION_URL, CITIZEN_APPLICATION_PATH, CITIZEN_ROUTES_PATH,
the variables of the shared cookie, and CITIZEN_OIDC_… and CITIZEN_SAML_… of each provider; contacts nobody, but with
--register, --read, --update or --delete.

  --shared-cookie     only the shared cookie
  --openid            only OpenID Connect
  --saml              only SAML 2.0
  --provider <name>   only the provider of that name
  --hybrid            with the hybrid flow (responseType: 'code id_token')
  --implicit          with the implicit flow for the silent check (sessionManagement.responseType: 'id_token')
  --scope <scopes>    scopes that the application asks for; default CITIZEN_OIDC_SCOPE, else "openid offline_access"
  --env-file <path>   read variables from a file, may be repeated; the environment wins over it
  --json              print one JSON document; its openid part is a client's metadata
  --help              this text

At an OpenID provider that takes registrations (RFC 7591, RFC 7592):

  --register          register the application as a client, and say what is registered otherwise than it was asked for
  --read              say what is registered now, against what the application needs
  --update            register what the application needs now in the place of what is there
  --delete            delete the client: nobody signs in by it any more
  --file <path>       where the client is kept (mode 0600), such as openid-client.json; its secret lies beside it, alone,
                      as openid-client.secret. Neither the secret nor a token is ever printed
  --initial-token-file <path>  the initial access token that the provider has given for --register; - reads standard
                      input. Or the variable CITIZEN_OIDC_INITIAL_ACCESS_TOKEN, or …_FILE. Never an argument: other
                      users of the machine can see arguments, and shells remember them
  --openid-issuer <url>    the provider; default CITIZEN_OIDC_ISSUER
  --openid-origin <url>    another origin on which its endpoints may lie, may be repeated
  --openid-internal <url>  what takes the place of its origin in calls from here
  --registration-endpoint <url>  where it takes registrations; default: what its discovery document says
  --ca <path>         certificates (PEM) to trust besides those of Node
  --timeout <seconds> how long one answer is waited for; default 10

Exit codes: 0 printed, or done as asked; 1 the provider did not do it, or has registered something by which nobody could
sign in; 2 wrong usage, or a variable is missing or cannot be used.`

const options = {
  'shared-cookie': { type: 'boolean' },
  openid: { type: 'boolean' },
  saml: { type: 'boolean' },
  provider: { type: 'string' },
  hybrid: { type: 'boolean' },
  implicit: { type: 'boolean' },
  scope: { type: 'string' },
  'env-file': { type: 'string', multiple: true },
  json: { type: 'boolean' },
  register: { type: 'boolean' },
  read: { type: 'boolean' },
  update: { type: 'boolean' },
  delete: { type: 'boolean' },
  file: { type: 'string' },
  'initial-token-file': { type: 'string' },
  'openid-issuer': { type: 'string' },
  'openid-origin': { type: 'string', multiple: true },
  'openid-internal': { type: 'string' },
  'registration-endpoint': { type: 'string' },
  ca: { type: 'string' },
  timeout: { type: 'string' },
} as const

const actions = ['register', 'read', 'update', 'delete'] as const
/** Arguments that only an action has a use for. */
const ofActions = [
  'file',
  'initial-token-file',
  'openid-issuer',
  'openid-origin',
  'openid-internal',
  'registration-endpoint',
  'ca',
  'timeout',
] as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

type Values = ReturnType<typeof parse>

/** One provider's part of what is printed. */
interface Part {
  readonly title: string
  /** Its member in the JSON document: of the provider's own name where it has one. */
  readonly member: 'sharedCookie' | 'openid' | 'saml'
  readonly name?: string | undefined
  readonly registration: object
  readonly rows: readonly Row[]
}

function partsOf(values: Values, application: DescribedApplication): readonly Part[] {
  const { openid = false, saml = false } = values
  const isAll = !openid && !saml && values['shared-cookie'] !== true
  const wantsCookie = values['shared-cookie'] === true || (isAll && values.provider === undefined)
  return [
    ...(wantsCookie ? [sharedCookiePart(application)] : []),
    ...namesOf('oidc', values, { application, isWanted: openid, isAll }).map((name): Part => {
      const { scope, implicit = false, hybrid = false } = values
      const registration = describeClient(application, { name, scope, implicit, hybrid })
      return { title: 'OpenID Connect', member: 'openid', name, registration, rows: openidRows(registration) }
    }),
    ...namesOf('saml', values, { application, isWanted: saml, isAll }).map((name): Part => {
      const registration = describeServiceProvider(application, name)
      return { title: 'SAML 2.0', member: 'saml', name, registration, rows: samlRows(registration) }
    }),
  ]
}

function sharedCookiePart({ url, read }: DescribedApplication): Part {
  const registration = sharedCookieRegistrationOf(url, read)
  return {
    title: 'Shared cookie',
    member: 'sharedCookie',
    registration,
    rows: sharedCookieRows(registration),
  }
}

/** The providers of a protocol: the one that is named, those that variables describe, or else the one without a name. */
function namesOf(
  protocol: ProtocolName,
  { provider }: Values,
  {
    application,
    isWanted,
    isAll,
  }: { readonly application: DescribedApplication; readonly isWanted: boolean; readonly isAll: boolean },
): readonly (string | undefined)[] {
  if (!isWanted && !isAll) return []
  const { environment } = application
  const described = (which: ProtocolName) => providersIn(environment, which).map(({ name }) => name)
  if (provider === undefined) {
    const names = described(protocol)
    return names.length === 0 ? [undefined] : names
  }
  const other = protocol === 'oidc' ? 'saml' : 'oidc'
  const isOther = !isWanted && described(other).includes(provider) && !described(protocol).includes(provider)
  return isOther || !isName(protocol, provider) ? [] : [provider]
}

function toJson(parts: readonly Part[]): string {
  const document: Record<string, unknown> = {}
  const providers: Record<string, Record<string, unknown>> = {}
  for (const { member, name, registration } of parts) {
    if (name === undefined) document[member] = registration
    else providers[name] = { ...providers[name], [member]: registration }
  }
  return printableJson({ ...document, ...(Object.keys(providers).length > 0 && { providers }) })
}

/** What is to be done at the provider; `undefined`: nothing, the sheet is printed. @throws `usage` */
function actionIn(values: Values): RegistrationAction | undefined {
  const [action, ...others] = actions.filter((name) => values[name] === true)
  if (others.length > 0) throw usageError(`--${action} and --${others.join(', --')} cannot go together`)
  if (action === undefined) {
    const lost = ofActions.find((name) => values[name] !== undefined)
    if (lost !== undefined) throw usageError(`--${lost} belongs to --${actions.join(', --')}`)
    return undefined
  }
  if (values['shared-cookie'] === true || values.saml === true) {
    throw usageError(`--${action} is for OpenID Connect only`)
  }
  if (action !== 'register' && values['initial-token-file'] !== undefined) {
    throw usageError(
      '--initial-token-file belongs to --register: afterwards the client has a token of its own',
    )
  }
  if (values.provider !== undefined && !isName('oidc', values.provider)) throw notAName()
  return action
}

const notAName = () => usageError('--provider must be the name of a provider, such as adfs')

async function reachOf({ ca, timeout = '10' }: Values, { stop }: Console): Promise<Reach> {
  const timeoutSeconds = readTimeout(timeout)
  return { clock: systemClock, certificates: await readCertificates(ca), timeoutSeconds, stop }
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const values = parse(args)
  const action = actionIn(values)
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(values.scope ?? 'openid')) {
    throw usageError('--scope must be scopes separated by single blanks')
  }
  const application = describeApplication(await readEnvironment(values['env-file'] ?? []))
  if (action !== undefined) {
    return runAction(action, values, { application, console, reach: await reachOf(values, console) })
  }
  const parts = partsOf(values, application)
  if (parts.length === 0) throw notAName()
  if (values.json === true) {
    console.out(toJson(parts))
    return 0
  }
  const paint = createPaint(console)
  for (const { title, name, rows } of parts) {
    console.out(paint('bold', name === undefined ? title : `${title}: ${name}`))
    const width = Math.max(...rows.map(([label]) => label.length))
    for (const [label, value] of rows) console.out(printable(`  ${label.padEnd(width)}  ${value}`))
    console.out('')
  }
  return 0
}

/** The command. */
export const registrationCommand: Command = {
  summary: 'prints what to register at the identity provider, or registers it there',
  help,
  run,
}
