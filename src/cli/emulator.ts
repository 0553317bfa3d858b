/** @module `citizen-session emulator`: the emulated identity provider as a process of its own. */
import { parseArgs } from 'node:util'
import type { Environment } from '../config/environment.js'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type OpenidOptions,
  type SamlOptions,
} from '../emulator/index.js'
import { refreshAnswerShapes } from '../emulator/options.js'
import { type Command, type Console, usageError } from './command.js'
import { emulatorVariables, withEmulatorVariables } from './emulator-environment.js'
import { type ListName, readListFile } from './emulator-file.js'

const help = `Usage: citizen-session emulator [options]

Runs an identity provider that behaves as CitizenOne's cookie mode, for development and tests.

  --port <number>            port to listen on; default 4000, 0: a free one
  --host <address>           address to listen on; default 127.0.0.1
  --remote                   lets --host be no loopback address: whoever reaches it signs in as anybody
  --url <origin>             public origin and issuer; default http://id.citizen.localhost:<port>
  --domain <name>            domain of the shared cookie; default citizen.localhost
  --host-only                no domain: the cookie belongs to the host of --url
  --token-seconds <number>   life of a token; default 1800
  --idle-seconds <number>    life of an identity session that nobody extends; default 3600
  --session-seconds <number> absolute life of an identity session; default 43200
  --renew-after <seconds>    age at which the provider renews a token by itself; default half of its life
  --refresh-answer <shape>   ${refreshAnswerShapes.join(', ')}; default token
  --return-origin <origin>   origin that may be returned to, may be repeated; default: the base domain
  --openid-clients <file>    be an OpenID provider too; JSON: a list of clients, or {"clients": […]} with options
  --openid-registration      be an OpenID provider too, where clients may register themselves (RFC 7591, RFC 7592)
  --saml-service-providers <file>  be a SAML identity provider too; JSON: a list of service providers, or
                             {"serviceProviders": […]} with options. Needs the package xml-crypto
  --partner                  be the partner too that takes SSO tokens, with its dashboard
  --control, --no-control    serve the control endpoints; default: only on loopback
  --help                     this text

Variables say the same and more; an argument wins over its variable. Times are whole seconds:
${[...emulatorVariables.keys()].map((name) => `  ${name}`).join('\n')}

Stops on SIGINT and SIGTERM. Does not start with NODE_ENV=production.
Exit codes: 0 stopped, 1 could not start, 2 wrong usage.`

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  remote: { type: 'boolean' },
  url: { type: 'string' },
  domain: { type: 'string' },
  'host-only': { type: 'boolean' },
  'token-seconds': { type: 'string' },
  'idle-seconds': { type: 'string' },
  'session-seconds': { type: 'string' },
  'renew-after': { type: 'string' },
  'refresh-answer': { type: 'string' },
  'return-origin': { type: 'string', multiple: true },
  'openid-clients': { type: 'string' },
  'openid-registration': { type: 'boolean' },
  'saml-service-providers': { type: 'string' },
  partner: { type: 'boolean' },
  control: { type: 'boolean' },
} as const

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options, allowNegative: true, strict: true })
    return values
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

function toNumber(name: string, text: string | undefined) {
  if (text === undefined) return undefined
  if (!/^[0-9]{1,9}$/.test(text)) throw usageError(`--${name} must be a whole number, not "${text}"`)
  return Number(text)
}

/** The options that the file of an argument says. @throws `usage` */
function readFile(argument: string, list: ListName, path: string | undefined): object | undefined {
  if (path === undefined) return undefined
  const read = readListFile(list, path)
  if ('problem' in read) throw usageError(`--${argument}: ${read.problem}`)
  return read.value
}

function withRegistration(
  given: OpenidOptions | undefined,
  registration: boolean | undefined,
): OpenidOptions | undefined {
  return registration ? { clients: [], ...given, registration } : given
}

const defaultPort = 4000

/** The options of the emulator that the arguments say, and `CITIZEN_EMULATOR_*` for the rest. @throws `usage` */
export function toEmulatorOptions(
  args: readonly string[],
  environment: Environment = process.env,
): EmulatorOptions {
  const options = withEmulatorVariables(toGivenOptions(args), environment)
  return { port: defaultPort, ...options }
}

function toGivenOptions(args: readonly string[]): EmulatorOptions {
  const values = parse(args)
  if (values['host-only'] && values.domain !== undefined) {
    throw usageError('--domain and --host-only cannot go together')
  }
  const port = toNumber('port', values.port)
  if (port !== undefined && port > 65535) throw usageError('--port must be 0 to 65535')
  const wanted = values['refresh-answer']
  const refreshAnswer = refreshAnswerShapes.find((shape) => shape === wanted)
  if (wanted !== undefined && refreshAnswer === undefined) {
    throw usageError(`--refresh-answer must be one of ${refreshAnswerShapes.join(', ')}`)
  }
  return {
    port,
    host: values.host,
    remote: values.remote,
    url: values.url,
    domain: values['host-only'] ? false : values.domain,
    tokenSeconds: toNumber('token-seconds', values['token-seconds']),
    idleSeconds: toNumber('idle-seconds', values['idle-seconds']),
    sessionSeconds: toNumber('session-seconds', values['session-seconds']),
    renewAfterSeconds: toNumber('renew-after', values['renew-after']),
    refreshAnswer,
    allowedReturnOrigins: values['return-origin'],
    openid: withRegistration(
      readFile('openid-clients', 'clients', values['openid-clients']) as OpenidOptions | undefined,
      values['openid-registration'],
    ),
    saml: readFile('saml-service-providers', 'serviceProviders', values['saml-service-providers']) as
      | SamlOptions
      | undefined,
    partner: values.partner ? {} : undefined,
    control: values.control,
  }
}

/** What an application needs to sign in here: the variables, as they can be pasted. */
function variablesFor({ url, internalUrl, domain }: Emulator): readonly string[] {
  const { hostname } = new URL(url)
  const application = domain === false ? hostname : `my-app.${domain}`
  return [
    `CITIZEN_IDENTITY_PROVIDER_URL=${url}`,
    // Node does not resolve names below localhost everywhere; browsers do.
    `CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL=${internalUrl}`,
    `CITIZEN_SHARED_COOKIE_DOMAIN=${domain}`,
    'CITIZEN_APPLICATION_ID=my-app',
    `CITIZEN_APPLICATION_URL=http://${application}:3000`,
  ]
}

function describe(emulator: Emulator): string {
  const people = emulator.people.map(({ username, shownPassword, secondFactor, eeze }) => {
    const then = secondFactor === 'sms' ? ', then a code by SMS' : secondFactor ? ', then an app code' : ''
    return `  ${username.padEnd(10)} ${shownPassword}${then}${eeze ? ', or Eeze' : ''}`
  })
  return [
    `Identity provider  ${emulator.url}`,
    `For servers        ${emulator.internalUrl}`,
    `Shared cookie      ${emulator.domain === false ? 'host-only' : emulator.domain}`,
    `Phone (SMS, app)   ${emulator.url}/messages`,
    ...(emulator.hasOpenid ? [`OpenID Connect     ${emulator.url}/.well-known/openid-configuration`] : []),
    ...(emulator.hasSaml ? [`SAML metadata      ${emulator.saml.metadataUrl}`] : []),
    ...(emulator.hasPartner ? describePartner(emulator.partner) : []),
    ...(emulator.hasControl ? [`Faults             ${emulator.url}/faults`] : []),
    '',
    'People and their passwords',
    ...people,
    '',
    'Variables of an application on port 3000, open it at its CITIZEN_APPLICATION_URL',
    ...variablesFor(emulator),
    '',
    'Ctrl+C stops it.',
  ].join('\n')
}

function describePartner({ dashboardUrl, issuer, audience }: Emulator['partner']): readonly string[] {
  return [`Partner (SSO)      ${dashboardUrl}`, `  SSO_ISSUER=${issuer} SSO_AUDIENCE=${audience}`]
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const emulator = await createEmulator(toEmulatorOptions(args))
  console.out(describe(emulator))
  if (!console.stop.aborted) {
    await new Promise((resolve) => console.stop.addEventListener('abort', resolve, { once: true }))
  }
  await emulator.close()
  console.out('Stopped.')
  return 0
}

/** The command. */
export const emulatorCommand: Command = {
  summary: 'an identity provider for development and tests',
  help,
  run,
}
