/** @module A person who is signed in everywhere, with a socket open at each instance, and all that a thief could have kept. */
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { gateSecret, navigation, script } from '../../gate/gate-world.js'
import { type Browser, createBrowser, type Visit } from '../../support/browser.js'
import { send } from './send.js'
import {
  type Application,
  applications,
  backendPages,
  gated,
  saidSince,
  saidSoFar,
  type World,
} from './world.js'

/** Where somebody asks, again and again, with what was kept. */
export interface Target {
  readonly name: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** A socket at an instance. `closedAt`: when it heard of the end, by `performance.now()`. */
export interface OpenSocket {
  readonly name: string
  readonly isNear: boolean
  closedAt: number | undefined
  code: number | undefined
  terminate(): void
}

/** What OpenID Connect has given an application, which no browser gets to see. */
export interface Tokens {
  readonly application: Application
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
}

export interface SignedIn {
  readonly person: string
  readonly browser: Browser
  /** The cookies of each application's address, as they were sent before the end. */
  readonly cookies: ReadonlyMap<Application, string>
  /** Those of the provider itself. */
  readonly providerCookies: string
  readonly targets: readonly Target[]
  readonly sockets: readonly OpenSocket[]
  readonly tokens: readonly Tokens[]
  /** Tokens of the gate, by their audience. */
  readonly gateTokens: Readonly<Record<'reports' | 'archive', string>>
}

/** Signs a person in at all applications, with the password once. */
export async function signInEverywhere(world: World, person: string): Promise<SignedIn> {
  const heardBefore = saidSoFar(world)
  const browser = createBrowser(world.sites)
  for (const application of applications) {
    const url = `${world.urlOf(application)}/private`
    const visit = await goOn(browser, await browser.open(url), person)
    expect([visit.url, visit.status, visit.body]).toEqual([url, 200, JSON.stringify({ sub: person })])
  }
  for (const path of Object.values(backendPages)) {
    const page = await browser.open(`${world.urlOf(gated)}${path}`, { headers: navigation })
    expect([page.status, JSON.parse(page.body)]).toMatchObject([200, { sub: person }])
  }
  const cookies = new Map<Application, string>()
  for (const application of applications) {
    cookies.set(application, await browser.cookieHeader(`${world.urlOf(application)}/`))
  }
  const targets = targetsOf(world, cookies)
  for (const target of targets) expect([target.name, await statusOf(target)]).toEqual([target.name, 200])
  const heard = await saidSince(world, heardBefore)
  const tokens = heard.flatMap(({ of, tokens: given }) => {
    const application = applications.find(({ name }) => name === of)
    if (given === undefined || application === undefined) return []
    return [{ application, ...(given as Omit<Tokens, 'application'>) }]
  })
  expect(tokens.map(({ application }) => application.name).sort()).toEqual(['gallery', 'museum'])
  return {
    person,
    browser,
    cookies,
    providerCookies: await browser.cookieHeader(`${world.providerUrl}/`),
    targets,
    sockets: await openSockets(world, cookies),
    tokens,
    gateTokens: {
      reports: await gateTokenFor(world, cookies, 'reports'),
      archive: await gateTokenFor(world, cookies, 'archive'),
    },
  }
}

/** Types the password where the provider asks for it, and goes on through forms that send themselves. */
async function goOn(browser: Browser, visit: Visit, username: string): Promise<Visit> {
  if (visit.body.includes('name="password"')) {
    return goOn(
      browser,
      await browser.press(visit, /^Sign in$/, { username, password: 'password' }),
      username,
    )
  }
  return sendForms(browser, visit)
}

/** Goes on through forms that send themselves. */
export async function sendForms(browser: Browser, visit: Visit): Promise<Visit> {
  return /\bsubmit\b/.test(visit.body) ? sendForms(browser, await browser.press(visit, /./)) : visit
}

/** Each instance and both backends, with the cookies of its address. */
export function targetsOf(world: World, cookies: ReadonlyMap<Application, string>): readonly Target[] {
  const asking = (application: Application) => ({
    ...script,
    host: new URL(world.urlOf(application)).host,
    cookie: cookies.get(application) ?? '',
    // Who only looks keeps nobody signed in.
    'citizen-activity': 'none',
  })
  const instances = world.instances.map(({ application, port, isNear }) => ({
    name: `${application.name} ${isNear ? 'near' : 'strict'}`,
    port,
    path: '/private',
    headers: asking(application),
  }))
  const behind = Object.entries(backendPages).map(([name, path]) => ({
    name,
    port: world.proxyPort,
    path,
    headers: asking(gated),
  }))
  return [...instances, ...behind]
}

/** Asks once: 200 for whoever is signed in there, 401 for whoever is not. */
export async function statusOf({ port, path, headers }: Target): Promise<number> {
  return (await send({ port, path, headers })).status
}

function openSockets(
  world: World,
  cookies: ReadonlyMap<Application, string>,
): Promise<readonly OpenSocket[]> {
  const open = ({ application, port, isNear }: World['instances'][number]): Promise<OpenSocket> =>
    new Promise((resolve, reject) => {
      const origin = world.urlOf(application)
      const headers = { host: new URL(origin).host, cookie: cookies.get(application) ?? '' }
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { origin, headers })
      const told: OpenSocket = {
        name: application.name,
        isNear,
        closedAt: undefined,
        code: undefined,
        terminate: () => socket.terminate(),
      }
      socket.on('open', () => resolve(told))
      socket.on('error', reject)
      socket.on('close', (code) => Object.assign(told, { closedAt: performance.now(), code }))
    })
  return Promise.all(world.instances.map(open))
}

async function gateTokenFor(
  world: World,
  cookies: ReadonlyMap<Application, string>,
  audience: string,
): Promise<string> {
  const [{ port } = { port: 0 }] = world.instances
  const answer = await send({
    port,
    path: `/session/gate/${audience}`,
    headers: {
      ...script,
      cookie: cookies.get(gated) ?? '',
      'citizen-gate-secret': gateSecret,
      'x-original-uri': '/',
      'x-original-method': 'GET',
    },
  })
  const token = answer.headers['citizen-token']
  if (typeof token !== 'string') throw new Error(`no token of the gate: ${answer.status}`)
  return token
}
