/** @module The providers that variables describe: those of `oidc()` and of `saml()`, with a name and without. */
import { type Environment, prefix, textOfVariable, variableOf } from '../config/environment.js'
import type { OptionTable } from '../config/option.js'
import { identifyingOptions, nameFor, problemOfName } from '../config/provider-name.js'
import { oidcOptions } from '../oidc/options.js'
import { samlOptions } from '../saml/options.js'

/** The protocols that have variables. */
export type ProtocolName = 'oidc' | 'saml'

/** One provider; without a name the one whose variables have none. */
export interface ConfiguredProvider {
  readonly protocol: ProtocolName
  readonly name: string | undefined
}

const tables: Readonly<Record<ProtocolName, OptionTable>> = { oidc: oidcOptions, saml: samlOptions }

/** The providers of a protocol of which the variables say who they are; the one without a name first. */
export function providersIn(environment: Environment, protocol: ProtocolName): readonly ConfiguredProvider[] {
  const own = variableOf(`${protocol}.${identifyingOptions[protocol]}`)
  const beginning = `${prefix}${protocol.toUpperCase()}_`
  const end = own.slice(beginning.length - 1)
  const names = Object.keys(environment).flatMap((variable) => {
    const isNamed = variable.startsWith(beginning) && variable.endsWith(end) && variable.length > own.length
    if (!isNamed || textOfVariable(environment, variable) === undefined) return []
    const name = variable.slice(beginning.length, -end.length).toLowerCase().replaceAll('_', '-')
    return isName(protocol, name) ? [name] : []
  })
  const unnamed = textOfVariable(environment, own) === undefined ? [] : [{ protocol, name: undefined }]
  return [...unnamed, ...names.toSorted().map((name) => ({ protocol, name }))]
}

/** Whether a provider of the protocol can be called so. */
export function isName(protocol: ProtocolName, name: string): boolean {
  return nameFor(protocol, { name }) === name && problemOfName(name, tables[protocol]) === undefined
}
