/** @module Everything of the protocols: the OpenID provider and the SAML identity provider that were named. */
import type { Environment } from '../../config/environment.js'
import type { ResolvedOptions } from '../../config/options.js'
import type { Protocol } from '../../protocols/protocol.js'
import type { Probe } from '../probe.js'
import type { ClockWitness } from './clock.js'
import type { SessionPolicy } from './configuration.js'
import type { Finding } from './finding.js'
import { examineOpenid, type OpenidRequest, openidOrigins } from './openid.js'
import { examineOwnSaml } from './own-saml.js'
import type { WayIn } from './protocol-login.js'
import { examineSaml, type SamlRequest, samlOrigins, signOnAddresses } from './saml.js'
import { type LoadSamlReader, loadSamlReader } from './saml-reader.js'

/** Providers to look at besides that of the shared cookie, or instead of it. */
export interface ProtocolRequest {
  readonly openid?: Omit<OpenidRequest, 'environment'> | undefined
  readonly saml?: SamlRequest | undefined
  readonly loadSamlReader?: LoadSamlReader | undefined
}

/** What was found, and what the other checks need of it. */
export interface ProtocolExamination {
  readonly findings: readonly Finding[]
  readonly witnesses: readonly ClockWitness[]
  readonly ways: readonly WayIn[]
  /** What the OpenID provider says of its sessions. */
  readonly sessions: SessionPolicy | undefined
}

/** Names of the protocols that were asked for. */
export function protocolNames({ openid, saml }: ProtocolRequest): readonly string[] {
  return [...(openid === undefined ? [] : ['oidc']), ...(saml === undefined ? [] : ['saml'])]
}

/**
 * In the place of the plug-ins, which only the application's code can make: with one, a configuration holds without
 * the shared cookie.
 */
export const standIn = (name: string): Protocol => ({
  name,
  install() {
    throw new TypeError('a stand-in serves nobody')
  },
})

/** Origins that have to be asked. */
export function protocolOrigins({ openid, saml }: ProtocolRequest): readonly string[] {
  return [
    ...(openid === undefined ? [] : openidOrigins(openid)),
    ...(saml === undefined ? [] : samlOrigins(saml)),
  ]
}

/** Looks at each provider; with an application, at its side of SAML too. */
export async function examineProtocols(
  probe: Probe,
  request: ProtocolRequest,
  about: {
    readonly environment: Environment
    readonly resolved: ResolvedOptions | undefined
    readonly now: number
  },
): Promise<ProtocolExamination> {
  const { environment, now, resolved } = about
  const [openid, saml] = await Promise.all([
    request.openid && examineOpenid(probe, { ...request.openid, environment }),
    request.saml &&
      examineBoth(probe, request.saml, request.loadSamlReader ?? loadSamlReader, { resolved, now }),
  ])
  const witnesses = [
    { url: request.openid?.issuer, visited: openid?.discovery },
    { url: request.saml?.source, visited: saml?.answer },
  ].flatMap(({ url, visited }) =>
    url === undefined || visited === undefined ? [] : [{ name: new URL(url).origin, visited }],
  )
  const openidWay =
    openid?.authorizationEndpoint === undefined
      ? []
      : [{ address: openid.authorizationEndpoint, back: { parameter: 'redirect_uri', path: 'callback' } }]
  const samlWays = signOnAddresses(saml?.metadata).map((address) => ({ address, back: undefined }))
  return {
    findings: [...(openid?.findings ?? []), ...(saml?.findings ?? [])],
    witnesses,
    ways: [...openidWay, ...samlWays],
    sessions: openid?.sessions,
  }
}

async function examineBoth(
  probe: Probe,
  request: SamlRequest,
  load: LoadSamlReader,
  { resolved, now }: { readonly resolved: ResolvedOptions | undefined; readonly now: number },
) {
  const reader = await load()
  const theirs = await examineSaml(probe, request, reader, now)
  if (reader === undefined || resolved === undefined) return theirs
  const own = await examineOwnSaml(probe, reader, {
    origin: resolved.application.url,
    path: resolved.routes.path,
    providerEntityId: theirs.metadata?.entityId,
    now,
  })
  return { ...theirs, findings: [...theirs.findings, ...own] }
}
