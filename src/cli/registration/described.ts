/** @module What the variables of an application say of it, as far as a provider must know it. */
import { type Environment, misspelt } from '../../config/environment.js'
import type { OptionTable, PathOf } from '../../config/option.js'
import { rootFor } from '../../config/provider-name.js'
import { type ReadOptions, readOptions } from '../../config/read-options.js'
import { publicRoutesPath, type ReadSuiteOptions, readSuiteOptions } from '../../config/read-suite-options.js'
import { isProduction } from '../../config/resolve.js'
import { oidcOptions } from '../../oidc/options.js'
import { type ClientRegistration, registrationOf } from '../../oidc/registration.js'
import { samlOptions } from '../../saml/options.js'
import { usageError } from '../command.js'
import { type SamlRegistration, samlRegistrationOf } from './sheet.js'

/** The application, as its own variables describe it. */
export interface DescribedApplication {
  readonly environment: Environment
  readonly read: ReadSuiteOptions
  readonly url: string
  /** Where our routes are, as browsers see it. */
  readonly routesPath: string
}

/** Options that addresses are made of. */
const routing = ['application.url', 'application.path', 'routes.path']

/** Reads it. Only its addresses matter: everything else may be set in code. @throws `usage` */
export function describeApplication(environment: Environment): DescribedApplication {
  const read = readSuiteOptions({}, environment, { isProduction: isProduction(environment) })
  const problems = [...read.problems, ...misspelt(environment, read.variables)]
  const wrong = problems.find(({ path }) => routing.includes(path))
  const url = read.get('application.url')
  if (wrong !== undefined || url === undefined) {
    throw usageError(`${wrong?.variable ?? 'CITIZEN_APPLICATION_URL'} ${wrong?.message ?? 'is missing'}`)
  }
  return { environment, read, url, routesPath: publicRoutesPath(read) }
}

/** What arguments say in the place of variables. */
export interface ClientArguments {
  readonly name: string | undefined
  readonly scope: string | undefined
  readonly implicit: boolean
  readonly hybrid: boolean
}

/** Asked for where nothing is said: a session without a refresh token learns nothing of the provider's. */
const usualScope = 'openid offline_access'

const askedOfClient: readonly PathOf<typeof oidcOptions>[] = [
  'scope',
  'clientAuthentication',
  'idTokenAlgorithms',
  'idTokenDecryptionKeys',
  'userInfoDecryptionKeys',
  'responseType',
  'sessionManagement.responseType',
]

/** The client of an OpenID provider. @throws `usage` for a variable that says something wrong of it */
export function describeClient(
  { environment, read, url, routesPath }: DescribedApplication,
  { name, scope, implicit, hybrid }: ClientArguments,
): ClientRegistration {
  const root = rootFor('oidc', { name })
  const options = readPlugIn(oidcOptions, { name, root, environment })
  refuseProblems(options, { root, paths: askedOfClient, environment })
  const { get, isGiven } = options
  const responseType = hybrid ? 'code id_token' : (get('responseType') ?? 'code')
  const silently = implicit ? 'id_token' : (get('sessionManagement.responseType') ?? responseType)
  try {
    return registrationOf({
      applicationUrl: url,
      routesPath,
      name,
      scope: scope ?? (isGiven('scope') ? (get('scope') ?? usualScope) : usualScope),
      responseTypes: [responseType, silently],
      clientName: read.get('application.name'),
      authentication: get('clientAuthentication'),
      idTokenAlgorithm: isGiven('idTokenAlgorithms') ? get('idTokenAlgorithms')?.[0] : undefined,
      decryptionKeys: get('idTokenDecryptionKeys'),
      userInfoDecryptionKeys: get('userInfoDecryptionKeys'),
    })
  } catch (cause) {
    // What the library says might hold a piece of the key.
    throw usageError(`a key in the variables of ${root} is none that can be used`, cause)
  }
}

/** The service provider of a SAML identity provider. @throws `usage` for a variable that says something wrong of it */
export function describeServiceProvider(
  { environment, url, routesPath }: DescribedApplication,
  name: string | undefined,
): SamlRegistration {
  const root = rootFor('saml', { name })
  const options = readPlugIn(samlOptions, { name, root, environment })
  refuseProblems(options, { root, paths: ['entityId'], environment })
  return samlRegistrationOf(`${url}${routesPath}`, name, options.get('entityId'))
}

function readPlugIn<T extends OptionTable>(
  table: T,
  {
    name,
    root,
    environment,
  }: { readonly name: string | undefined; readonly root: string; readonly environment: Environment },
): ReadOptions<T> {
  const surroundings = { isProduction: isProduction(environment) }
  return readOptions(table, { name }, { root, environment, surroundings })
}

/** Of the rest nothing is asked here: it may be set in code. */
function refuseProblems<T extends OptionTable>(
  { problems, variables }: ReadOptions<T>,
  {
    root,
    paths,
    environment,
  }: { readonly root: string; readonly paths: readonly PathOf<T>[]; readonly environment: Environment },
): void {
  const asked = new Set(paths.map((path) => `${root}.${path}`))
  const wrong = [...problems, ...misspelt(environment, variables)].find(({ path }) => asked.has(path))
  if (wrong !== undefined) throw usageError(`${wrong.variable} ${wrong.message}`)
}
