/** @module Checks an OpenID provider by what it says of itself, with the rules by which `oidc({ … })` reads it. */
import type { Environment } from '../../config/environment.js'
import type { PlugInOptions } from '../../config/plug-in-options.js'
import type { ConfigurationProblem } from '../../errors.js'
import {
  allowedOrigins,
  discoveryUrl,
  MetadataError,
  type ProviderMetadata,
  readMetadata,
} from '../../oidc/metadata.js'
import type { ResolvedOidcOptions } from '../../oidc/options.js'
import { readOidcOptions } from '../../oidc/resolve-options.js'
import { supportedAlgorithms } from '../../tokens/algorithms.js'
import { type Probe, ProbeError } from '../probe.js'
import type { SessionPolicy } from './configuration.js'
import { documentIn } from './discovery.js'
import { createFindings, type Finding } from './finding.js'
import { type Json, judgeKeySet } from './key-set.js'
import { judgeAbilities, listIn } from './openid-abilities.js'
import { ask, explainSilence, type Visited } from './visits.js'

const { ok, warn, fail, skipped } = createFindings('openid')
const keySkipped = createFindings('openid-keys').skipped

/** A provider that was named. */
export interface OpenidRequest {
  /** Of several of the application; default: the one without a name. */
  readonly name?: string | undefined
  readonly issuer: string
  /** Other origins on which its endpoints may lie, as `endpointOrigins` of `oidc({ … })`. */
  readonly endpointOrigins: readonly string[]
  /** What takes the place of the issuer's origin in calls from here. */
  readonly internalUrl?: string | undefined
}

/** The options of an application that signs in there. The client is looked at nowhere: any will do. */
export function optionsFor(
  { name, issuer, endpointOrigins, internalUrl }: Partial<OpenidRequest>,
  environment: Environment,
): PlugInOptions<ResolvedOidcOptions> {
  const given = {
    name,
    issuer,
    internalUrl,
    clientId: 'doctor',
    clientAuthentication: 'none',
    endpointOrigins: endpointOrigins?.length === 0 ? undefined : endpointOrigins,
  } as const
  return readOidcOptions(given, environment)
}

/** What was found, and where an application sends its visitors. */
export interface OpenidExamination {
  readonly findings: readonly Finding[]
  readonly authorizationEndpoint: string | undefined
  /** The answer that tells the provider's time. */
  readonly discovery: Visited | undefined
  /** What it says of its sessions. */
  readonly sessions: SessionPolicy | undefined
}

/** Origins that have to be asked. */
export function openidOrigins({
  issuer,
  internalUrl,
  endpointOrigins,
}: ResolvedOidcOptions): readonly string[] {
  return [internalUrl ?? new URL(issuer).origin, ...endpointOrigins]
}

/** Looks at the discovery document and at the keys that it names. */
export async function examineOpenid(probe: Probe, options: ResolvedOidcOptions): Promise<OpenidExamination> {
  const nothing = { authorizationEndpoint: undefined, discovery: undefined, sessions: undefined }
  const get = (url: string) => ask(probe, { url, headers: { accept: 'application/json' } })
  const target = placeOf(discoveryUrl(options.issuer), options)
  const discovery = await get(target)
  const document = documentIn(discovery)
  if (document === undefined) {
    return { ...nothing, discovery, findings: [judgeSilence(discovery, target)] }
  }
  const read = readDocument(document, options, target)
  const algorithms = algorithmsOf(document, options)
  const keysAt = read.metadata === undefined ? undefined : placeOf(read.metadata.jwksUri, options)
  const keys =
    keysAt === undefined
      ? [keySkipped('no-address', { target, reason: 'needs a discovery document that holds' })]
      : judgeKeySet(await get(keysAt), {
          check: 'openid-keys',
          target: keysAt,
          algorithms: algorithms.used,
          floorSeconds: 30,
          ceilingSeconds: 3600,
          correctAddress: 'have the provider name the address of its key set as jwks_uri',
          correctAlgorithms: 'set idTokenAlgorithms in oidc({ … }) to what it signs with',
        })
  return {
    findings: [
      ...read.findings,
      judgeAlgorithms(algorithms, target),
      ...judgeAbilities(document, target, options),
      ...keys,
    ],
    authorizationEndpoint: read.metadata?.authorizationEndpoint,
    discovery,
    sessions: {
      issuer: options.issuer,
      saysSessionExpiry: listIn(document, 'claims_supported').includes('session_expiry'),
    },
  }
}

/** Where an address is asked from here, as `oidc({ … })` does. */
export function placeOf(given: string, { issuer, internalUrl }: ResolvedOidcOptions): string {
  const url = new URL(given)
  const isInside = internalUrl !== undefined && url.origin === new URL(issuer).origin
  return isInside ? `${internalUrl}${url.pathname}${url.search}` : given
}

/** What is wrong with the options of a provider that was named. */
export const judgeArgument = ({ path, variable, message }: ConfigurationProblem): Finding => {
  const argument = argumentOf[path]
  return fail('openid-option', {
    target: argument ?? variable,
    reason: `no application could be started with it: ${message}`,
    remedy:
      argument === undefined
        ? `set ${variable}`
        : 'write an https address; the issuer as the provider names it, letter by letter',
  })
}

const argumentOf: Readonly<Record<string, string>> = {
  'oidc.issuer': '--openid-issuer',
  'oidc.endpointOrigins': '--openid-origin',
  'oidc.internalUrl': '--openid-internal',
}

function judgeSilence(visited: Visited, target: string): Finding {
  if (visited instanceof ProbeError) {
    return fail('openid-unreachable', { target, ...explainSilence(visited, target) })
  }
  const location = visited.header('location')
  return fail('openid-document', {
    target,
    reason:
      visited.status === 200
        ? 'the answer is no discovery document of at most 256 KiB: a JSON object with "issuer"'
        : `the answer is ${visited.status}${location === undefined ? '' : `, to ${location}`}, and no discovery document: redirects are not followed`,
    remedy:
      'write the issuer exactly as the provider names it: the document lies below it, at /.well-known/openid-configuration',
  })
}

/** Issuer and endpoints, by the very function that the application has. */
function readDocument(
  document: Json,
  options: ResolvedOidcOptions,
  target: string,
): { readonly findings: readonly Finding[]; readonly metadata: ProviderMetadata | undefined } {
  try {
    const metadata = readMetadata(document, options)
    const { issuer } = metadata
    return {
      metadata,
      findings: [
        ok('openid-issuer', { target: issuer, reason: 'the document names exactly this issuer' }),
        ...judgeAddresses(metadata, options, target),
      ],
    }
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error
    const finding =
      error.problem === 'issuer'
        ? fail('openid-issuer', {
            target,
            reason: `the document names the issuer ${String(document.issuer)}, and ${options.issuer} was asked for: every token would be refused`,
            remedy: `write issuer: '${String(document.issuer)}' in oidc({ … }) if that is your provider, letter by letter, with or without the last slash`,
          })
        : fail('openid-endpoint', {
            target,
            reason: error.message,
            remedy: `correct ${error.problem} at the provider; an origin that is right is named in endpointOrigins of oidc({ … }), and here with --openid-origin`,
          })
    return { metadata: undefined, findings: [finding] }
  }
}

/** Where the endpoints lie: on https, and on origins that were named. */
function judgeAddresses(
  metadata: ProviderMetadata,
  options: ResolvedOidcOptions,
  target: string,
): readonly Finding[] {
  const { authorizationEndpoint, tokenEndpoint, jwksUri } = metadata
  const all = { authorizationEndpoint, tokenEndpoint, jwksUri }
  const plain = Object.values(all).filter((url) => url.startsWith('http:'))
  if (plain.length > 0) {
    return [
      warn('openid-plain-http', {
        target,
        reason: `${plain.join(', ')}: without TLS, which is for this machine only`,
        remedy: 'serve the provider over https before anybody else signs in',
      }),
    ]
  }
  const origins = [...allowedOrigins(options)].join(', ')
  return [ok('openid-endpoints', { target, reason: `authorization, token and keys lie on ${origins}` })]
}

interface Algorithms {
  readonly offered: readonly string[]
  /** Those of the offered ones that are accepted unless an option says otherwise. */
  readonly usual: readonly string[]
  /** What the application must accept. */
  readonly used: readonly string[]
}

function algorithmsOf(document: Json, { idTokenAlgorithms }: ResolvedOidcOptions): Algorithms {
  const offered = listIn(document, 'id_token_signing_alg_values_supported')
  const usual = idTokenAlgorithms.filter((one) => offered.includes(one))
  const others = offered.filter((one) => supportedAlgorithms.includes(one))
  const used = usual.length > 0 ? usual : others
  return { offered, usual, used: used.length > 0 ? used : idTokenAlgorithms }
}

function judgeAlgorithms({ offered, usual, used }: Algorithms, target: string): Finding {
  const said = offered.join(', ')
  if (offered.length === 0) {
    return skipped('openid-algorithms', {
      target,
      reason: 'it does not say how ID tokens are signed',
      remedy: 'see at the provider that ID tokens of this client are signed with RS256',
    })
  }
  if (usual.length > 0)
    return ok('openid-algorithms', { target, reason: `ID tokens are signed with ${said}` })
  if (used.some((one) => offered.includes(one))) {
    return warn('openid-algorithms', {
      target,
      reason: `ID tokens are signed with ${said}; without an option only RS256 is accepted`,
      remedy: `set idTokenAlgorithms: [${used.map((one) => `'${one}'`).join(', ')}] in oidc({ … })`,
    })
  }
  return fail('openid-algorithms', {
    target,
    reason: `ID tokens are signed with ${said}, none of which is accepted`,
    remedy: `have the provider sign with RS256, or another of ${supportedAlgorithms.join(', ')}`,
  })
}
