/**
 * @module The session of a page as its headers follow it: in step with other tabs and the client, or by itself. One for a
 * page: what is known is the module's, which the minifier gives short names.
 */
import { claimsIn, cookieValue, type ShownClaims } from '../claims-cookie.js'
import type { CitizenClient } from '../options.js'
import { again } from '../schedule.js'
import { askSignOut, send } from '../session-api.js'
import { millisecondsLeft, parseStatus, type Reading } from '../status.js'
import type { Applications } from './applications.js'
import { type Phase, patienceOf, phaseAfter, phaseNow, soon, textsIn } from './state.js'

/** What is known of the session now. */
export interface HeaderView {
  readonly phase: Phase
  /** Milliseconds until the end; 0 or less without an active session. */
  readonly left: number
  /** Whether the last question to the server had no answer. An outage is not an end. */
  readonly isOffline: boolean
  /** Where a person can sign in. */
  readonly login: string
  readonly applications: Applications | undefined
  /** What is known of an attribute: the text in the cookie, else what the application has released. */
  readonly textOf: (name: string) => string
}

/** A header. */
export interface Header {
  /** Names of the attributes that it shows. */
  readonly attributes: readonly string[]
  /** Called at each change. */
  draw(): void
}

/** Where our routes are, and the name of the payload cookie. */
let path: string
let cookieName: string

const headers = new Set<Header>()
let phase: Phase = 'unknown'
let reading: Reading | undefined
/** When the server was asked last, by the browser's clock; 0: it must be asked now. */
let askedAt = 0
/** Answers to questions of before this moment do not count. */
let since = 0
let isOffline = false
let cookie: string | undefined
let claims: ShownClaims | null = null
let released: { readonly person?: unknown; readonly profile?: ShownClaims } | undefined
/** The session that the profile was asked for. */
let askedFor: string | undefined
let applications: Applications | undefined
/** Whether they are known, or asked for just now. */
let isListed = false
let channel: BroadcastChannel | undefined
let timer: ReturnType<typeof setTimeout>

/** How things stand now. */
export function viewNow(): HeaderView {
  const left = (phase === 'active' && reading && millisecondsLeft(reading, Date.now())) || 0
  const profile = released?.person === reading?.status.person ? released?.profile : undefined
  const login = reading?.status.login ?? `${path}/login`
  return {
    phase: phaseNow(phase, left, isOffline),
    left,
    isOffline,
    login,
    applications,
    textOf: textsIn(claims, profile),
  }
}

/** Draws a header at each change, from now on. The session is followed as long as there is one. */
export function show(header: Header): void {
  headers.add(header)
  hear()
}

/** Draws it no more. */
export function forget(header: Header): void {
  headers.delete(header)
}

/** The client of the page: the one that is given, else that of our script. An element of that name is no own property. */
export function clientOf(given?: CitizenClient | null): CitizenClient | null | undefined {
  const page = globalThis as { readonly citizenSession?: { readonly client: CitizenClient } | null }
  return given ?? (Object.hasOwn(page, 'citizenSession') ? page.citizenSession?.client : null)
}

/** Signs out, as the client does: by the client where there is one, for it covers the page. */
export async function signOut(client: CitizenClient | null | undefined): Promise<void> {
  try {
    if (client) return await client.signOut()
    const destination = await askSignOut(path, {})
    channel?.postMessage({})
    go('ended')
    location.replace(destination as string)
  } catch {
    // It is said until the next answer.
    isOffline = true
    askedAt = Date.now()
    draw()
  }
}

/** Says where the session is to be found, and listens to the page, before there is a header. */
export function configure(basePath: string, payloadCookie: string): void {
  path = basePath
  cookieName = payloadCookie
  globalThis.cookieStore?.addEventListener('change', look)
  addEventListener('visibilitychange', look)
  addEventListener('focus', look)
  // What the client of this page says, where it is there as a script.
  addEventListener('citizen', () => clientOf()?.snapshot.state === 'ended' && go('ended'))
  // A page in the back/forward cache hears nothing; when it comes back it shows nobody before the server was asked.
  addEventListener('pagehide', () => {
    channel?.close()
    channel = undefined
    doubt()
  })
  addEventListener('pageshow', hear)
}

/** Listens to the client, and to other tabs, by the channel of the client (`client.ts`). */
function hear(): void {
  channel ??= new BroadcastChannel(`citizen-session ${path}`)
  channel.onmessage = ({ data: { status, at, end } }) => {
    const told = parseStatus(status)
    if (told && at > 0) take({ status: told, at })
    // Somebody has signed out.
    else if (!end) doubt()
    tick()
  }
  tick()
}

/** Somebody looks at the page, or something has changed: what was said a while ago is not enough. */
function look(): void {
  if (Date.now() - askedAt > soon) askedAt = 0
  tick()
}

/** Looks at the clock and the cookie, asks where that is due, and does so again in a second. */
function tick(): void {
  clearTimeout(timer)
  // Nobody looks, or is there to be told.
  if (document.hidden || !channel || !headers.size) return
  const found = cookieValue(document.cookie, cookieName)
  if (found !== cookie) {
    cookie = found
    claims = claimsIn(found)
    if (found) askedAt = 0
    else doubt()
  }
  draw()
  const { phase, left } = viewNow()
  const age = Date.now() - askedAt
  // A clock that was set back does not make us wait.
  if (!askedAt || age < 0 || age > patienceOf(phase, left, isOffline)) {
    // One of all tabs and clients asks, by the lock of the client (`tabs.ts`).
    void navigator.locks?.request(
      `citizen-session ${path} asking`,
      { ifAvailable: true },
      // The one that is asking tells us, or leaves before it can.
      (lock) => (lock ? ask() : setTimeout(tick, again)),
    )
  }
  timer = setTimeout(tick, 1000)
}

async function ask(): Promise<void> {
  const at = Date.now()
  askedAt = at
  const status = parseStatus((await get('status'))[1])
  isOffline = !status || status.state === 'unavailable'
  if (status && !isOffline) {
    channel?.postMessage({ status, at })
    take({ status, at })
  }
  draw()
}

/** Takes in what the server said, to this page or to another. */
function take(told: Reading): void {
  // An older answer may come later; a clock that was set back does not make us deaf.
  if (!channel || (told.at < since && since <= Date.now())) return
  phase = phaseAfter(phase, told.status)
  reading = told
  since = askedAt = told.at
  isOffline = false
  void load(told.status.session?.publicId)
  void list()
}

/** Asks for what the cookie does not say of the person, once for each session. */
async function load(publicId: string | undefined): Promise<void> {
  const textOf = textsIn(claims)
  const isKnown = [...headers].every(({ attributes }) => attributes.every(textOf))
  if (!publicId || isKnown || publicId === askedFor) return
  askedFor = publicId
  const [status, body] = await get('profile')
  if (publicId !== askedFor) return
  if (status === 200) released = body as typeof released
  // After an outage, or an end that the next look shows, it is asked for again.
  else if (status !== 500) askedFor = undefined
  draw()
}

/** Asks which applications there are, until that is known. */
async function list(): Promise<void> {
  if (isListed) return
  isListed = true
  const [status, body] = await get('applications')
  isListed = status === 200
  if (isListed) applications = body as Applications
  draw()
}

/** The status and the JSON of an answer; nothing without one. */
async function get(name: string): Promise<readonly [status?: number, body?: unknown]> {
  try {
    const response = await send(`${path}/${name}`, { headers: { 'citizen-activity': 'none' } })
    return [response.status, await response.json()]
  } catch {
    return []
  }
}

/** Something says that the session may be over: the server must be asked. */
function doubt(): void {
  askedAt = 0
  go(phase === 'active' ? 'unsure' : phase)
}

/** That is how things stand, whatever the server has said before. */
function go(next: Phase): void {
  phase = next
  since = Date.now()
  draw()
}

function draw(): void {
  for (const { draw } of headers) draw()
}
