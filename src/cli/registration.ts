/** @module `citizen-session registration`: the sheet of addresses and features to register at the identity provider. */
import { parseArgs } from 'node:util'
import { misspelt } from '../config/environment.js'
import { publicRoutesPath, type ReadSuiteOptions, readSuiteOptions } from '../config/read-suite-options.js'
import { isProduction } from '../config/resolve.js'
import { type ClientRegistration, registrationOf } from '../oidc/registration.js'
import { printable } from '../printable.js'
import { type Command, type Console, usageError } from './command.js'
import { readEnvironment } from './environment.js'
import { createPaint, printableJson } from './print.js'

const help = `Usage: citizen-session registration [options]

Prints what to register at the identity provider for this application: every address, exactly as the provider must
know it, and the features to switch on. Reads CITIZEN_APPLICATION_URL, CITIZEN_APPLICATION_PATH, CITIZEN_ROUTES_PATH
and the variables of the shared cookie; contacts nobody.

  --shared-cookie     only the shared cookie
  --openid            only OpenID Connect
  --saml              only SAML 2.0
  --implicit          with the implicit flow for the silent check (sessionManagement.responseType: 'id_token')
  --scope <scopes>    scopes that the application asks for; default "openid offline_access"
  --env-file <path>   read variables from a file, may be repeated; the environment wins over it
  --json              print one JSON document; its openid part is a client's metadata
  --help              this text

Exit codes: 0 printed, 2 wrong usage, or CITIZEN_APPLICATION_URL is missing or cannot be used.`

const options = {
  'shared-cookie': { type: 'boolean' },
  openid: { type: 'boolean' },
  saml: { type: 'boolean' },
  implicit: { type: 'boolean' },
  scope: { type: 'string', default: 'openid offline_access' },
  'env-file': { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

/** Addresses of the SAML service provider. */
interface SamlRegistration {
  readonly metadata: string
  readonly assertionConsumerService: { readonly binding: 'HTTP-POST'; readonly location: string }
  readonly singleLogoutService: readonly { readonly binding: string; readonly location: string }[]
}

function samlOf(base: string): SamlRegistration {
  const slo = `${base}/saml/slo`
  return {
    metadata: `${base}/saml/metadata`,
    assertionConsumerService: { binding: 'HTTP-POST', location: `${base}/saml/acs` },
    singleLogoutService: [
      { binding: 'HTTP-Redirect', location: slo },
      { binding: 'HTTP-POST', location: slo },
      { binding: 'SOAP', location: `${base}/saml/soap` },
    ],
  }
}

type Row = readonly [name: string, value: string]

/** What the provider of the shared cookie must allow and send; `undefined`: no variable says it. */
interface SharedCookieRegistration {
  readonly origin: string
  readonly return: string
  readonly domain: string | false | undefined
  readonly cookies: readonly string[]
  readonly claims: readonly string[]
}

function sharedCookieOf(base: string, { get }: ReadSuiteOptions): SharedCookieRegistration {
  const names = ['header', 'payload', 'signature'] as const
  return {
    origin: new URL(base).origin,
    return: `${base}/return`,
    domain: get('sharedCookie.domain'),
    cookies: names.map((part) => get(`sharedCookie.names.${part}`) ?? ''),
    claims: [
      ...new Set([
        'iss',
        'sub',
        'iat',
        'exp',
        get('identityProvider.sessionClaim') ?? '',
        ...(get('identityProvider.kindClaims') ?? []),
      ]),
    ],
  }
}

function sharedCookieRows(registration: SharedCookieRegistration): readonly Row[] {
  const { domain } = registration
  return [
    ['Origin that may be returned to', registration.origin],
    ['Return address of login and logout', `${registration.return} (with a query)`],
    [
      'Domain of the cookies',
      domain === false ? 'none: host-only' : (domain ?? 'the base domain of all applications'),
    ],
    ['Cookies (header, payload, signature)', registration.cookies.join(' ')],
    ['Claims of every token', registration.claims.join(' ')],
  ]
}

function openidRows(client: ClientRegistration): readonly Row[] {
  const [callback = '', silent = ''] = client.redirect_uris
  return [
    ['Redirect URI', callback],
    ['Redirect URI of the silent check', silent],
    ['Post-logout redirect URI', client.post_logout_redirect_uris.join(' ')],
    ['Back-channel logout URI', `${client.backchannel_logout_uri} (with session id)`],
    ['Front-channel logout URI', `${client.frontchannel_logout_uri} (with issuer and session id)`],
    ['Response types', client.response_types.join(' ')],
    ['Grant types', client.grant_types.join(' ')],
    ['Scopes', client.scope],
    ['PKCE', client.code_challenge_methods.join(' ')],
    ['Claim auth_time', 'in every ID token, where the provider has that (require_auth_time)'],
    [
      'Session status',
      'on, where the provider has it (Safewhere: Enable session status change notification)',
    ],
  ]
}

function samlRows(registration: SamlRegistration): readonly Row[] {
  return [
    ['Metadata', registration.metadata],
    ['Assertion consumer service', `${registration.assertionConsumerService.location} (HTTP-POST)`],
    ...registration.singleLogoutService.map(
      ({ binding, location }): Row => ['Single logout service', `${location} (${binding})`],
    ),
  ]
}

/** Options that addresses are made of. */
const routing = ['application.url', 'application.path', 'routes.path']

async function run(args: readonly string[], console: Console): Promise<number> {
  const values = parse(args)
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(values.scope)) {
    throw usageError('--scope must be scopes separated by single blanks')
  }
  const environment = await readEnvironment(values['env-file'] ?? [])
  // Only these options matter here: the others may be set in code.
  const read = readSuiteOptions({}, environment, { isProduction: isProduction(environment) })
  const problems = [...read.problems, ...misspelt(environment, read.variables)]
  const wrong = problems.find(({ path }) => routing.includes(path))
  const applicationUrl = read.get('application.url')
  const routesPath = publicRoutesPath(read)
  if (wrong !== undefined || applicationUrl === undefined) {
    throw usageError(`${wrong?.variable ?? 'CITIZEN_APPLICATION_URL'} ${wrong?.message ?? 'is missing'}`)
  }
  const all = values['shared-cookie'] !== true && values.openid !== true && values.saml !== true
  const base = `${applicationUrl}${routesPath}`
  const sharedCookie = values['shared-cookie'] === true || all ? sharedCookieOf(base, read) : undefined
  const { scope, implicit = false } = values
  const openid =
    values.openid === true || all
      ? registrationOf({ applicationUrl, routesPath, implicit, scope })
      : undefined
  const saml = values.saml === true || all ? samlOf(base) : undefined
  if (values.json === true) {
    console.out(
      printableJson({
        ...(sharedCookie && { sharedCookie }),
        ...(openid && { openid }),
        ...(saml && { saml }),
      }),
    )
    return 0
  }
  const paint = createPaint(console)
  const section = (title: string, rows: readonly Row[]): void => {
    console.out(paint('bold', title))
    const width = Math.max(...rows.map(([name]) => name.length))
    for (const [name, value] of rows) console.out(printable(`  ${name.padEnd(width)}  ${value}`))
    console.out('')
  }
  if (sharedCookie !== undefined) section('Shared cookie', sharedCookieRows(sharedCookie))
  if (openid !== undefined) section('OpenID Connect', openidRows(openid))
  if (saml !== undefined) section('SAML 2.0', samlRows(saml))
  return 0
}

/** The command. */
export const registrationCommand: Command = {
  summary: 'prints the addresses and features to register at the identity provider',
  help,
  run,
}
