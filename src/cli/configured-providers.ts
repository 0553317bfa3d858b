/** @module The providers that variables describe: those of `oidc()` and of `saml()`, with a name and without. */
import { type Environment, prefix, textOfVariable, variableOf } from '../config/environment.js'
import { type OptionTable, optionsByPath } from '../config/option.js'
import { identifyingOptions, nameFor, problemOfName, rootFor } from '../config/provider-name.js'
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

/**
 * Variables of a protocol that belong to no provider that variables describe: its issuer is in code, or its name is
 * misspelt. `hasUnnamed`: whether there is one without a name, described or not.
 */
export function variablesOfNobody(
  environment: Environment,
  protocol: ProtocolName,
  {
    described,
    hasUnnamed,
  }: { readonly described: readonly ConfiguredProvider[]; readonly hasUnnamed: boolean },
): readonly string[] {
  const beginningOf = (name: string | undefined) => `${variableOf(rootFor(protocol, { name }))}_`
  const named = described.flatMap(({ name }) => (name === undefined ? [] : [beginningOf(name)]))
  const paths = hasUnnamed ? [...optionsByPath(tables[protocol]).keys()] : []
  const own = new Set(paths.map((path) => variableOf(`${protocol}.${path}`)))
  return Object.keys(environment).filter(
    (variable) =>
      variable.startsWith(beginningOf(undefined)) &&
      textOfVariable(environment, variable) !== undefined &&
      !named.some((beginning) => variable.startsWith(beginning)) &&
      !own.has(variable.replace(/_FILE$/, '')),
  )
}
