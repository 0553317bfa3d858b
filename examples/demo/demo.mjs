/** @module The demo: the emulated identity provider and the applications, each on a port of its own. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { memoryStore } from 'citizen-session'
import { createEmulator } from 'citizen-session/emulator'
import { jwksPath } from 'citizen-session/sso'
import { createBenefits } from './benefits.mjs'
import { createDesk } from './desk.mjs'
import { createLibrary } from './library.mjs'
import { createMuseum, museumClient } from './museum.mjs'
import { createOverview } from './overview.mjs'
import { startPermits } from './permits.mjs'

/** Ports unless others are asked for: the provider, three applications, the overview, Museum, Registry. */
export const defaultPorts = [4000, 4001, 4002, 4003, 4004, 4005, 4006]
const overviewPlace = 4

/** `place`: among the ports. */
const applications = [
  {
    name: 'benefits',
    place: 1,
    title: 'Benefits',
    framework: 'Express',
    sensitivity: 'sensitive',
    create: createBenefits,
  },
  {
    name: 'library',
    place: 2,
    title: 'Library',
    framework: 'Koa',
    sensitivity: 'basic',
    create: createLibrary,
  },
  // No part of this process.
  { name: 'permits', place: 3, title: 'Permits', framework: 'Next.js', sensitivity: 'public' },
  {
    name: 'museum',
    place: 5,
    title: 'Museum',
    framework: 'OpenID Connect',
    sensitivity: 'basic',
    isApart: true,
    watchesProvider: true,
    create: createMuseum,
  },
  {
    name: 'registry',
    place: 6,
    title: 'Registry',
    framework: 'SAML',
    sensitivity: 'basic',
    isApart: true,
    // Loaded only where it is there: it needs xml-crypto.
    create: async (parts) => (await import('./registry.mjs')).createRegistry(parts),
  },
]

const usual = {
  idleSeconds: { benefits: 600, library: 3600, permits: 28_800, museum: 3600, registry: 3600 },
  recentSeconds: 300,
  provider: { tokenSeconds: 1800, idleSeconds: 3600 },
  clockSkewSeconds: 30,
}
/** Timers that one can watch run out. */
const short = {
  idleSeconds: { benefits: 20, library: 40, permits: 80, museum: 40, registry: 40 },
  recentSeconds: 45,
  provider: { tokenSeconds: 60, idleSeconds: 120 },
  clockSkewSeconds: 1,
}

/** The demo cannot start; the message says what to do. */
export class DemoError extends Error {
  name = 'DemoError'
}

/**
 * Starts everything. The clock is the emulator's: its page `/faults` and `emulator.travel` move all of it.
 * @param {{
 *   ports: readonly number[], mustBeThese?: boolean, isShort?: boolean, redisUrl?: string, hasPermits?: boolean,
 *   hasRegistry?: boolean,
 * }} options
 *   `ports`: wanted ones, 0 for a free one; unless they must be these, a taken one gives way to the next free one.
 *   `hasPermits`: with the third application, which must have been prepared. `hasRegistry`: with the one by SAML.
 * @throws {DemoError}
 */
export async function startDemo({
  ports,
  mustBeThese = false,
  isShort = false,
  redisUrl,
  hasPermits = false,
  hasRegistry = false,
}) {
  const timers = isShort ? short : usual
  const present = applications.filter(
    ({ name }) => ({ permits: hasPermits, registry: hasRegistry })[name] ?? true,
  )
  const wanted = [0, overviewPlace, ...present.map(({ place }) => place)].map((place) => ports[place] ?? 0)
  const [providerPort, overviewPort, ...applicationPorts] = await freePorts(wanted, mustBeThese)
  const urls = present.map(({ name }, index) => `http://${name}.citizen.localhost:${applicationPorts[index]}`)
  const urlOf = (wanted) => urls[present.findIndex(({ name }) => name === wanted)]
  const providerUrl = `http://id.citizen.localhost:${providerPort}`
  const emulator = await createEmulator({
    url: providerUrl,
    port: providerPort,
    ...timers.provider,
    // By that, and by one name of the provider, sessions of every kind are known to be the same.
    sharesSessionId: true,
    openid: { clients: [museumClient(urlOf('museum'))] },
    ...(hasRegistry && {
      saml: { entityId: providerUrl, serviceProviders: [await registryAt(urlOf('registry'))] },
    }),
    partner: { host: 'partner.localhost', jwksUrl: `http://127.0.0.1:${applicationPorts[0]}${jwksPath}` },
  }).catch((error) => {
    throw new DemoError(error.message, { cause: error })
  })
  registerAtPartner(emulator)
  const store = redisUrl ?? memoryStore({ clock: emulator.clock })
  // Applications on one Redis share it between processes and restarts; then the secrets should be kept too.
  const secrets = process.env.CITIZEN_APPLICATION_SECRETS
    ? undefined
    : [randomBytes(32).toString('base64url')]

  const people = new Map(emulator.people.map(({ sub, name }) => [sub, name]))
  const desk = createDesk({ emulator, identitySeconds: timers.provider.idleSeconds })
  const header = { applications: present.map(({ title }, index) => ({ name: title, url: urls[index] })) }
  desk.places.overview = `http://demo.citizen.localhost:${overviewPort}`
  const running = desk.places.applications
  const closing = [desk.close]
  async function close() {
    await Promise.all([...closing, ...running.map((application) => application.close)].map((end) => end()))
    await emulator.close()
  }

  try {
    const overview = await listen(overviewPort, createOverview(desk, emulator.url))
    closing.push(overview.close)
    for (const [
      index,
      { name, place, title, framework, sensitivity, isApart, watchesProvider, create },
    ] of present.entries()) {
      const port = applicationPorts[index]
      const url = urls[index]
      const application = {
        // On one store an id belongs to one address.
        id: port === defaultPorts[place] ? name : `${name}-${port}`,
        url,
        name: title,
        sensitivity,
        idleSeconds: timers.idleSeconds[name],
        secrets,
      }
      const identityProvider = {
        url: emulator.url,
        // Browsers find *.localhost by themselves, Node does not.
        internalUrl: emulator.internalUrl,
        clockSkewSeconds: timers.clockSkewSeconds,
      }
      const { clock } = emulator
      const look = { name, title, framework, isShort, people }
      const { recentSeconds } = timers
      const settings = { application, header, identityProvider, desk, clock, partner: emulator.partner }
      const started =
        name === 'permits'
          ? await startPermits({ ...settings, port, redisUrl, isShort, deskPort: overviewPort })
          : await serve(
              { port, id: application.id, issuer: emulator.url },
              await create({ ...settings, look, recentSeconds, store }),
            )
      const { idleSeconds } = application
      const shown = { name, title, url, port, framework, sensitivity, isApart, watchesProvider, idleSeconds }
      running.push({ ...shown, ...started })
    }
  } catch (error) {
    await close()
    throw new DemoError(problemOf(error, redisUrl), { cause: error })
  }
  return {
    emulator,
    applications: running,
    overview: desk.places.overview,
    store: redisUrl === undefined ? 'memory' : 'Redis',
    close,
  }
}

/** What is registered of Registry at the provider. */
const registryAt = async (url) => (await import('./registry.mjs')).registryServiceProvider(url)

/** What an administrator of the partner does before people come. Only ana has an account; the others are to be seen. */
function registerAtPartner({ people, partner }) {
  const { sub, name } = people.find(({ username }) => username === 'ana')
  partner.registerUser({ sub, name })
}

async function listen(port, listener) {
  const server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function serve({ port, id, issuer }, { listener, suite }) {
  const closing = [() => suite.close()]
  const close = () => Promise.all(closing.map((end) => end()))
  try {
    const server = await listen(port, listener)
    closing.push(server.close)
    await suite.ready()
  } catch (error) {
    await close()
    throw error
  }
  return {
    close,
    endAllOf: (subject) => suite.sessions.endAllOf({ subject, issuer }),
    /** Of this application alone: the store has those of all. */
    sessionsOf: async (subject) =>
      (await suite.sessions.list({ subject, issuer })).filter(({ application }) => application === id),
  }
}

function problemOf({ code, message }, redisUrl) {
  if (redisUrl === undefined) return message
  if (code !== 'store-unavailable') return `with CITIZEN_REDIS_URL as the store: ${message}`
  return 'the Redis of CITIZEN_REDIS_URL does not answer: start it, or leave the variable out'
}

async function freePorts(wanted, mustBeThese) {
  const found = []
  for (const first of wanted) {
    let port = first
    while (found.includes(port) || !(await isFree(port))) {
      if (mustBeThese) {
        throw new DemoError(`port ${port} is taken: give another with --port, or CITIZEN_DEMO_PORT`)
      }
      if (port >= first + 100) throw new DemoError(`no free port from ${first} on: give one with --port`)
      port += 1
    }
    found.push(port === 0 ? await anyPort(found) : port)
  }
  return found
}

async function anyPort(taken) {
  for (;;) {
    const port = await tryPort(0)
    if (port !== undefined && !taken.includes(port)) return port
  }
}

const isFree = async (port) => (await tryPort(port)) !== undefined

/** The port that could be opened, and is closed again. */
async function tryPort(port) {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  } catch (error) {
    if (error.code === 'EADDRINUSE') return undefined
    throw new DemoError(`port ${port} cannot be opened: ${error.message}`)
  } finally {
    server.close()
  }
}
