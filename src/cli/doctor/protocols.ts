/** @module Everything of the protocols: each OpenID provider and each SAML identity provider, and our side of SAML. */
import type { ResolvedOptions } from '../../config/options.js'
import { routeOf } from '../../oidc/routes.js'
import type { Probe } from '../probe.js'
import type { ClockWitness } from './clock.js'
import type { SessionPolicy } from './configuration.js'
import type { Finding } from './finding.js'
import { examineOpenid, openidOrigins } from './openid.js'
import { examineOwnSaml } from './own-saml.js'
import type { WayIn } from './protocol-login.js'
import type { Providers } from './providers.js'
import { examineSaml, samlOrigins, signOnAddresses } from './saml.js'
import type { Visited } from './visits.js'

/** What was found, and what the other checks need of it. */
export interface ProtocolExamination {
  readonly findings: readonly Finding[]
  readonly witnesses: readonly ClockWitness[]
  readonly ways: readonly WayIn[]
  /** What the OpenID providers say of their sessions. */
  readonly sessions: readonly SessionPolicy[]
}

/** Origins that have to be asked. */
export function protocolOrigins({ openid, saml }: Providers): readonly string[] {
  return [
    ...openid.flatMap(({ value }) => openidOrigins(value)),
    ...saml.flatMap(({ value }) => samlOrigins(value)),
  ]
}

interface Surroundings {
  readonly resolved: ResolvedOptions | undefined
  readonly now: number
}

/** Looks at each provider; with an application, at its side of SAML too. */
export async function examineProtocols(
  probe: Probe,
  providers: Providers,
  about: Surroundings,
): Promise<ProtocolExamination> {
  const [openid, saml] = await Promise.all([
    Promise.all(providers.openid.map((provider) => lookAtOpenid(probe, provider))),
    Promise.all(providers.saml.map((provider) => lookAtSaml(probe, providers, provider, about))),
  ])
  const all = [...openid, ...saml]
  return {
    findings: [...providers.findings, ...all.flatMap(({ findings }) => findings)],
    witnesses: all.flatMap(({ witnesses }) => witnesses),
    ways: all.flatMap(({ ways }) => ways),
    sessions: openid.flatMap(({ sessions }) => sessions),
  }
}

const witnessesOf = (url: string, visited: Visited | undefined): readonly ClockWitness[] =>
  visited === undefined ? [] : [{ name: new URL(url).origin, visited }]

async function lookAtOpenid(
  probe: Probe,
  { name, value: options }: Providers['openid'][number],
): Promise<ProtocolExamination> {
  const { findings, authorizationEndpoint, discovery, sessions } = await examineOpenid(probe, options)
  const back = { parameter: 'redirect_uri', path: routeOf(name, 'callback') }
  return {
    findings,
    witnesses: witnessesOf(options.issuer, discovery),
    ways: authorizationEndpoint === undefined ? [] : [{ address: authorizationEndpoint, back }],
    sessions: sessions === undefined ? [] : [sessions],
  }
}

async function lookAtSaml(
  probe: Probe,
  { samlReader: reader }: Providers,
  { name, value: request }: Providers['saml'][number],
  { resolved, now }: Surroundings,
): Promise<Omit<ProtocolExamination, 'sessions'>> {
  if (reader === undefined) return { findings: [], witnesses: [], ways: [] }
  const { findings, metadata, answer } = await examineSaml(probe, request, reader, now)
  const own =
    resolved === undefined
      ? []
      : await examineOwnSaml(probe, reader, {
          origin: resolved.application.url,
          path: resolved.routes.path,
          name,
          providerEntityId: metadata?.entityId,
          now,
        })
  return {
    findings: [...findings, ...own],
    witnesses: witnessesOf(request.source, answer),
    ways: signOnAddresses(metadata).map((address) => ({ address, back: undefined })),
  }
}
