/**
 * @module Eight applications of one person on two sites: two by shared cookie, two by OpenID Connect, two by SAML, each in
 * two processes behind nginx over one Redis, and one in PHP and one in Java behind the gate of the first.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GateBackends, startGateBackends, startGateNginx } from '../../gate/behind-gate.js'
import { gateSecret } from '../../gate/gate-world.js'
import { keyOf } from '../../saml/world.js'
import type { Site } from '../../support/browser.js'
import { freePort } from '../../support/free-port.js'
import { startRedis } from '../../support/redis.js'
import { siteOn } from '../../support/wire.js'
import { type Child, startChild } from './child.js'

/** The applications that use this package, each on one of two sites; the one that comes first has the gate. */
export const applications = [
  { name: 'benefits', kind: 'cookie', site: 'citizen' },
  { name: 'library', kind: 'cookie', site: 'citizen' },
  { name: 'museum', kind: 'oidc', site: 'citizen' },
  { name: 'gallery', kind: 'oidc', site: 'parties' },
  { name: 'permits', kind: 'saml', site: 'citizen' },
  { name: 'registry', kind: 'saml', site: 'parties' },
] as const
/** One of them. */
export type Application = (typeof applications)[number]
export const gated: Application = applications[0]
/** Pages behind the gate: PHP and Java. */
export const backendPages = { php: '/reports/2026', java: '/archive/2026' } as const
export const domain = 'citizen.localhost'

/** An instance of an application: the first of each reads the store for each request, the second has near reads. */
export interface Instance {
  readonly application: Application
  readonly port: number
  readonly isNear: boolean
  readonly child: Child
}

export interface World {
  readonly instances: readonly Instance[]
  readonly provider: Child
  readonly providerUrl: string
  readonly proxyPort: number
  readonly backends: GateBackends
  /** As browsers reach them: the applications by nginx. */
  readonly sites: ReadonlyMap<string, Site>
  urlOf(application: Application): string
  close(): Promise<void>
}

/** The processes of the instances. */
export const childrenOf = ({ instances }: Pick<World, 'instances'>): readonly Child[] => [
  ...new Set(instances.map(({ child }) => child)),
]

/** What the processes of the instances have said since they had said so much each, once they have said all of it. */
export async function saidSince(world: Pick<World, 'instances'>, before: readonly number[]) {
  const children = childrenOf(world)
  await Promise.all(children.map((child) => child.ask({ isAsked: true }, 'isUpToDate')))
  return children.flatMap(({ said }, index) => said.slice(before[index]))
}

/** How much they have said. */
export const saidSoFar = (world: Pick<World, 'instances'>): readonly number[] =>
  childrenOf(world).map(({ said }) => said.length)

const hostOf = ({ name, site }: Application) => `${name}.${site}.localhost`
const plainNames = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

/** What is registered at the provider for an application that signs in by OpenID Connect. */
export function clientOf({ name }: Application, url: string) {
  const at = (route: string) => `${url}/session/${route}`
  return {
    client_id: name,
    client_secret: `the secret of ${name} at the provider`,
    redirect_uris: [at('callback'), at('reauthenticate')],
    post_logout_redirect_uris: [at('return')],
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
    // Those with the scope `offline_access` are meant to outlive the session: these end with it.
    grant_types: ['authorization_code', 'refresh_token'],
  }
}

/** A server of nginx for each application but the first, over its instances. */
function proxyServers(port: number, portsOf: ReadonlyMap<Application, readonly number[]>): string {
  const others = [...portsOf].filter(([application]) => application !== gated)
  return others
    .map(([application, ports]) => {
      const servers = ports.map((each) => `server 127.0.0.1:${each};`).join(' ')
      return `upstream ${application.name} { ${servers} }
server {
  listen 127.0.0.1:${port};
  server_name ${hostOf(application)};
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  location / { proxy_set_header Host $http_host; proxy_pass http://${application.name}; }
}`
    })
    .join('\n')
}

/** What a world is made with. */
export interface WorldOptions {
  readonly people: readonly string[]
  /** A process for each instance; else one for the first instance of each application, and one for the second. */
  readonly isApart: boolean
}

/** Starts all of it. What has started is closed where something fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return { ...(await start(options, closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  { people, isApart }: WorldOptions,
  closers: (() => unknown)[],
): Promise<Omit<World, 'close'>> {
  const redis = await startRedis()
  closers.push(redis.close)
  const folder = await mkdtemp(join(tmpdir(), 'citizen-eight-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const portsOf = new Map<Application, readonly number[]>()
  for (const one of applications) portsOf.set(one, [await freePort(), await freePort()])
  const ports = { php: await freePort(), java: await freePort() }
  const nginx = await startGateNginx({
    secret: gateSecret,
    application: portsOf.get(gated) ?? [],
    reports: ports.php,
    archive: ports.java,
    beside: (port) => proxyServers(port, portsOf),
  })
  closers.push(nginx.stop)
  const urlOf = (one: Application) => `http://${hostOf(one)}:${nginx.port}`
  const providerPort = await freePort()
  const providerUrl = `http://id.${domain}:${providerPort}`
  const internalUrl = `http://127.0.0.1:${providerPort}`
  const provider = await startChild('provider.mjs', {
    url: providerUrl,
    domain,
    port: providerPort,
    sharesSessionId: true,
    people: people.map((username) => ({ username, password: 'password', sub: username })),
    openid: {
      clients: applications.flatMap((one) => (one.kind === 'oidc' ? [clientOf(one, urlOf(one))] : [])),
    },
    saml: {
      // One name for the provider in every kind, and plain names of people: then one call ends all of a person.
      entityId: providerUrl,
      serviceProviders: applications.flatMap((one) =>
        one.kind === 'saml'
          ? [{ metadataUrl: `${urlOf(one)}/session/saml/metadata`, nameIdFormat: 'unspecified' }]
          : [],
      ),
    },
  })
  closers.push(provider.stop)
  const settingsOf = (application: Application) => ({
    kind: application.kind,
    application: {
      id: application.name,
      url: urlOf(application),
      secrets: [`a secret of ${application.name} that is thirty-two bytes or more`],
      sensitivity: 'basic',
    },
    storeUrl: redis.url,
    provider: { url: providerUrl, internalUrl, domain, clockSkewSeconds: 30 },
    ...(application.kind === 'oidc' && {
      client: { clientId: application.name, clientSecret: clientOf(application, '').client_secret },
    }),
    ...(application.kind === 'saml' && {
      saml: {
        identityProvider: providerUrl,
        metadataUrl: `${internalUrl}/saml/metadata`,
        endpointOrigins: [providerUrl],
        nameIdFormat: plainNames,
        ...keyOf(application.name),
      },
    }),
    ...(application === gated && {
      gate: {
        folder: join(folder, 'keys'),
        secret: gateSecret,
        policies: { reports: { audience: 'reports' }, archive: { audience: 'archive' } },
      },
    }),
  })
  const rows = [0, 1].map((row) =>
    applications.map((application) => ({
      application,
      port: portsOf.get(application)?.[row] ?? 0,
      isNear: row === 1,
    })),
  )
  const groups = isApart ? rows.flat().map((one) => [one]) : rows
  const starting = groups.map(async (group) => {
    const settings = group.map(({ application, port, isNear }) => ({
      ...settingsOf(application),
      port,
      near: isNear,
    }))
    const child = await startChild('application.mjs', settings)
    closers.push(child.stop)
    return group.map((one) => ({ ...one, child }))
  })
  const instances: Instance[] = []
  for (const outcome of await Promise.allSettled(starting)) {
    if (outcome.status === 'rejected') throw outcome.reason
    instances.push(...outcome.value)
  }
  const backends = await startGateBackends({
    issuer: urlOf(gated),
    jwksUrl: `http://127.0.0.1:${nginx.port}/session/jwks.json`,
    ports,
  })
  closers.push(backends.close)
  const sites = new Map<string, Site>([
    [providerUrl, siteOn({ port: providerPort })],
    ...applications.map((one) => [urlOf(one), siteOn({ port: nginx.port })] as const),
  ])
  return { instances, provider, providerUrl, proxyPort: nginx.port, backends, sites, urlOf }
}
