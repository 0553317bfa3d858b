/** @module The providers to look at: those that were named, and those that variables describe. */
import { type Environment, variableOf } from '../../config/environment.js'
import { identifyingOptions, rootFor } from '../../config/provider-name.js'
import type { ResolvedOidcOptions } from '../../oidc/options.js'
import { readOidcOptions } from '../../oidc/resolve-options.js'
import type { Protocol, ProtocolSettings } from '../../protocols/protocol.js'
import type { ResolvedSamlOptions } from '../../saml/options.js'
import {
  type ConfiguredProvider,
  type ProtocolName,
  providersIn,
  variablesOfNobody,
} from '../configured-providers.js'
import { createFindings, type Finding } from './finding.js'
import { judgeArgument, type OpenidRequest, optionsFor } from './openid.js'
import { judgeReader, type SamlRequest } from './saml.js'
import { type LoadSamlReader, loadSamlReader, type SamlReader } from './saml-reader.js'

/** Providers that were named, besides that of the shared cookie, or instead of it. */
export interface ProtocolRequest {
  readonly openid?: OpenidRequest | undefined
  readonly saml?: SamlRequest | undefined
  readonly loadSamlReader?: LoadSamlReader | undefined
}

/** A provider to look at, by the name of its plug-in. */
interface Named<Value> {
  readonly name: string | undefined
  readonly value: Value
}

/** The providers to look at. */
export interface Providers {
  readonly openid: readonly Named<ResolvedOidcOptions>[]
  readonly saml: readonly Named<SamlRequest>[]
  /** In the place of the plug-ins of the application: with one, a configuration holds without the shared cookie. */
  readonly plugIns: readonly Protocol[]
  /** Whether variables describe any of them: then there is an application that has them. */
  readonly isDescribed: boolean
  /** What is wrong with what was named. */
  readonly findings: readonly Finding[]
  readonly samlReader: SamlReader | undefined
}

/** Variables that one line names. */
const mostStrays = 5

/** Finds them. One that was named stands for the one without a name that variables describe. */
export async function findProviders(request: ProtocolRequest, environment: Environment): Promise<Providers> {
  const described = (protocol: ProtocolName, argument: unknown) =>
    providersIn(environment, protocol).filter(({ name }) => argument === undefined || name !== undefined)
  const [oidc, others] = [described('oidc', request.openid), described('saml', request.saml)]
  const openid = openidProviders(request, oidc, environment)
  const saml = await samlProviders(request, others, environment)
  return {
    isDescribed: oidc.length + others.length > 0,
    openid: openid.found,
    saml: saml.found,
    plugIns: [...openid.plugIns, ...saml.plugIns],
    findings: [
      ...openid.findings,
      ...saml.findings,
      ...judgeStrays(environment, 'oidc', { described: oidc, argument: request.openid }),
      ...judgeStrays(environment, 'saml', { described: others, argument: request.saml }),
    ],
    samlReader: saml.reader,
  }
}

const ofProtocol = {
  oidc: { ...createFindings('openid'), code: 'openid-variables-of-nobody' },
  saml: { ...createFindings('saml'), code: 'saml-variables-of-nobody' },
} as const

/** Variables that nobody reads who is looked at here: told, for the name may be misspelt. */
function judgeStrays(
  environment: Environment,
  protocol: ProtocolName,
  { described, argument }: { readonly described: readonly ConfiguredProvider[]; readonly argument: unknown },
): readonly Finding[] {
  const hasUnnamed = argument !== undefined || described.some(({ name }) => name === undefined)
  const strays = variablesOfNobody(environment, protocol, { described, hasUnnamed })
  if (strays.length === 0) return []
  const { skipped, code } = ofProtocol[protocol]
  const own = variableOf(`${protocol}.${identifyingOptions[protocol]}`)
  const named = own.replace(/^(CITIZEN_[A-Z]+)_/, '$1_ADFS_')
  return [
    skipped(code, {
      target: strays.toSorted().slice(0, mostStrays).join(', '),
      reason: 'belongs to no provider that the variables describe, or to one whose name cannot be',
      remedy: `compare the name; a provider is described by its own ${own}, or ${named} with the name adfs. One whose options are in code cannot be seen here`,
    }),
  ]
}

function openidProviders(
  { openid }: ProtocolRequest,
  described: readonly ConfiguredProvider[],
  environment: Environment,
) {
  const argument = openid && optionsFor(openid, environment)
  const read = described.map(({ name }) => ({ name, ...readOidcOptions({ name }, environment) }))
  return {
    found: [{ name: undefined, resolved: argument?.resolved }, ...read].flatMap(({ name, resolved }) =>
      resolved === undefined ? [] : [{ name, value: resolved }],
    ),
    plugIns: [
      ...(argument === undefined ? [] : [standIn('oidc')]),
      ...read.map(({ name, problems, variables }) => standIn(name ?? 'oidc', { problems, variables })),
    ],
    findings: (argument?.problems ?? []).map(judgeArgument),
  }
}

async function samlProviders(
  request: ProtocolRequest,
  described: readonly ConfiguredProvider[],
  environment: Environment,
) {
  const plugIn = request.saml === undefined ? [] : [standIn('saml')]
  const argument = request.saml === undefined ? [] : [{ name: undefined, value: request.saml }]
  if (plugIn.length + described.length === 0) {
    return { found: [], plugIns: [], findings: [], reader: undefined }
  }
  const reader = await (request.loadSamlReader ?? loadSamlReader)()
  if (reader === undefined) {
    const targets = [
      ...argument.map(({ value }) => value.source),
      ...described.map(({ name }) => variableAt(name, 'identityProvider')),
    ]
    const plugIns = [...plugIn, ...described.map(({ name }) => standIn(name ?? 'saml'))]
    return { found: [], plugIns, findings: targets.map(judgeReader), reader }
  }
  const read = described.map(({ name }) => ({ name, ...reader.readSamlOptions({ name }, environment) }))
  return {
    found: [
      ...argument,
      ...read.flatMap(({ name, resolved }) =>
        resolved === undefined ? [] : [{ name, value: requestOf(resolved) }],
      ),
    ],
    plugIns: [
      ...plugIn,
      ...read.map(({ name, problems, variables }) => standIn(name ?? 'saml', { problems, variables })),
    ],
    findings: [],
    reader,
  }
}

const variableAt = (name: string | undefined, option: string): string =>
  variableOf(`${rootFor('saml', { name })}.${option}`)

function requestOf(options: ResolvedSamlOptions): SamlRequest {
  const { name, metadataUrl, metadata, identityProvider, pinned } = options
  const source = metadataUrl ?? variableAt(name, 'metadata')
  return { source, text: metadata, entityId: identityProvider, pinned }
}

/** In the place of a plug-in, which only the application's code can make. */
const standIn = (name: string, settings?: ProtocolSettings): Protocol => ({
  name,
  ...(settings && { settings: () => settings }),
  install() {
    throw new TypeError('a stand-in serves nobody')
  },
})
