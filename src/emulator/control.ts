/** @module The control interface of the emulator for another process: JSON under `/emulator/`, a page at `/faults`. */
import { CitizenSessionError } from '../errors.js'
import type { Context } from './context.js'
import { applyForm, controlPage } from './control-page.js'
import type { ControlPart, Controls } from './controls.js'
import type { EndpointName } from './endpoints.js'
import { checkedSettings } from './faults.js'
import { inEnglish } from './language.js'
import { json, redirect } from './page.js'
import type { Level } from './sessions.js'
import { isOwnPost, readBody, readForm } from './visit.js'

type Body = Readonly<Record<string, unknown>>

const bad = (message: string) => new CitizenSessionError('emulator', message, { status: 400 })

type Action = (controls: Controls, body: Body) => unknown

const actions: Readonly<Record<string, Action>> = {
  '/emulator/faults': (controls, body) => controls.faults.set(checkedSettings(body)),
  '/emulator/clear-faults': (controls) => controls.faults.clear(),
  '/emulator/travel': (controls, { seconds }) => {
    if (typeof seconds !== 'number') throw bad('the body must be {"seconds": 60}')
    controls.travel(seconds)
  },
  '/emulator/revoke': (controls, { session }) => {
    if (typeof session !== 'string') throw bad('the body must be {"session": "<jti or username>"}')
    return { revoked: controls.revoke(session) }
  },
  '/emulator/rotate-keys': async (controls, { publishOnly, dropOld }) => ({
    kid: await controls.rotateKeys({ publishOnly: publishOnly === true, dropOld: dropOld === true }),
  }),
  '/emulator/cookies': async (controls, { username, level }) => {
    if (typeof username !== 'string') throw bad('the body must be {"username": "ana"}')
    return { cookie: await controls.cookiesFor(username, { level: toLevel(level) }) }
  },
  '/emulator/saml-roll-over': async (controls) => ({ step: await controls.saml.rollOver() }),
  '/emulator/reset': (controls) => controls.reset(),
}

function actionOf(path: string, parts: readonly ControlPart[]): Action | undefined {
  if (Object.hasOwn(actions, path)) return actions[path]
  const [own] = parts.flatMap(
    (part) => (part.actions && Object.hasOwn(part.actions, path) ? part.actions[path] : undefined) ?? [],
  )
  return own && ((_, body) => own(body))
}

function toLevel(value: unknown): Level | undefined {
  if (value === undefined || value === 'password' || value === 'mfa' || value === 'did') return value
  throw bad('level must be password, mfa or did')
}

/** Everything that another process may want to look at. */
const stateOf = (controls: Controls, parts: readonly ControlPart[]) => ({
  url: controls.url,
  internalUrl: controls.internalUrl,
  time: controls.clock(),
  faults: controls.faults.settings,
  requests: controls.requests,
  sessions: controls.sessions,
  messages: controls.messages,
  ...Object.fromEntries(parts.map((part) => [part.name, part.state()])),
})

/** What {@link createControl} needs. */
export interface ControlOptions {
  readonly context: Context
  readonly controls: () => Controls
  /** What the modes add. */
  readonly parts: readonly ControlPart[]
  /** The endpoints that are served. */
  readonly endpoints: readonly EndpointName[]
  /** Origins that count as our own besides the public one. */
  readonly ownOrigins: () => readonly string[]
}

/** Makes the control interface; it answers `undefined` for a path that is not its own. */
export function createControl({ context, controls, parts, endpoints, ownOrigins }: ControlOptions) {
  /** Another name that leads here is a site that rebinds its name to loopback to read what only we may see. */
  function isKnownHost(request: Request) {
    const host = request.headers.get('host')
    if (host === null || context.options.control === 'any-host') return true
    const own = [context.url(), ...ownOrigins()].map((origin) => new URL(origin))
    return own.some((url) => url.host === host || `localhost:${url.port}` === host)
  }

  async function answer(path: string, request: Request): Promise<Response | undefined> {
    const isPost = request.method === 'POST'
    if (path === '/faults') {
      if (!isPost) return inEnglish(() => controlPage(context, { controls: controls(), parts, endpoints }))
      await applyForm(controls(), await readForm(request))
      return redirect('/faults')
    }
    if (path === '/emulator/state' && !isPost) return json(stateOf(controls(), parts))
    const action = actionOf(path, parts)
    if (!action) return undefined
    if (!isPost) return json({ error: 'POST is expected' }, 405)
    const result = await action(controls(), await readJson(request))
    return json(result ?? stateOf(controls(), parts))
  }

  return async function control(path: string, request: Request): Promise<Response | undefined> {
    if (path !== '/faults' && !path.startsWith('/emulator/')) return undefined
    const isForeign =
      !isKnownHost(request) || (request.method === 'POST' && !isOwnPost(context, request, ownOrigins()))
    if (isForeign) return json({ error: 'this request came from another site' }, 403)
    try {
      return await answer(path, request)
    } catch (error) {
      if (!(error instanceof CitizenSessionError)) throw error
      return json({ error: error.message }, error.status < 500 ? error.status : 400)
    }
  }
}

async function readJson(request: Request): Promise<Body> {
  if (!/^application\/json(;|$)/i.test(request.headers.get('content-type') ?? '')) {
    throw new CitizenSessionError('body-malformed', 'the content type must be application/json', {
      status: 415,
    })
  }
  const text = await readBody(request)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below.
  }
  throw new CitizenSessionError('body-malformed', 'the body must be a JSON object', { status: 400 })
}
