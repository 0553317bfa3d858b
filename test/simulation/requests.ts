/** @module One request of a browser to a process, and what comes of it: told, kept as a fact, its cookies taken. */
import { cookieIn, type SharedToken, tokenIn } from './browser.js'
import type { Message } from './exchange.js'

export type { Message } from './exchange.js'

import type { Asked } from './facts.js'
import type { Instance, Seen, Served } from './instance.js'
import { ConnectionError } from './network.js'
import type { Look } from './plan.js'
import { base, type Login } from './provider.js'
import { type Person, start, type World } from './world.js'

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const script = {
  accept: 'application/json',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
}

/** A message for each way to look. */
export const looks: Readonly<Record<Look, Message>> = {
  page: { method: 'GET', target: '/private', headers: { ...navigation, 'sec-fetch-site': 'none' } },
  script: { method: 'GET', target: '/private', headers: script },
  poll: { method: 'GET', target: '/private', headers: { ...script, 'citizen-activity': 'none' } },
  status: { method: 'GET', target: '/session/status', headers: script },
  extend: { method: 'POST', target: '/session/extend', headers: script },
}

export const isTouchingLook = (look: Look): boolean => look !== 'poll' && look !== 'status'

/** A navigation to one of our own routes. */
export function navigate(target: string, site: 'none' | 'same-origin' | 'same-site' = 'none'): Message {
  return { method: 'GET', target, headers: { ...navigation, 'sec-fetch-site': site } }
}

/** A form of a page of ours. */
export function postForm(target: string, form: Readonly<Record<string, string>>): Message {
  return { method: 'POST', target, form, headers: { ...navigation, 'sec-fetch-site': 'same-origin' } }
}

/** A script's POST from a page of ours. */
export function postByScript(target: string, form: Readonly<Record<string, string>>): Message {
  return { method: 'POST', target, form, headers: script }
}

/** Who sends a request, with which cookies. */
export interface Sender {
  readonly who: string
  /** The browser whose jar gives and takes the cookies; absent: somebody with a copy. */
  readonly browser?: Person | undefined
  readonly cookies?: string | undefined
}

export interface Request extends Sender {
  readonly instance: Instance
  readonly message: Message
  readonly isTouching: boolean
  readonly isLogin?: boolean | undefined
  /** On the way back from the provider: whom it vouches for. */
  readonly provided?: Login | undefined
  readonly action: number
}

/** What a browser gets; `undefined`: the connection failed. */
export interface Received {
  readonly served: Served
  readonly asked: Asked
}

/** The cookie of a session by a protocol. */
const sessionCookieOf = ({ application }: Instance): string => `__Host-${application.name}.sid`

/** Seconds since the epoch: of sessions whose tokens are not in their cookie. */
const never = 1e12

/** Whose cookies they are, for an application. */
export function credentialOf(
  { provider, protocolSessions }: World,
  instance: Instance,
  header: string,
): { readonly token: SharedToken | undefined; readonly login: Login | undefined } {
  if (instance.protocol === undefined) {
    const token = tokenIn(header)
    return { token, login: token === undefined ? undefined : provider.login(token.jti) }
  }
  const login = protocolSessions.get(cookieIn(header, sessionCookieOf(instance)) ?? '')
  if (login === undefined) return { token: undefined, login }
  const { jti, begunAt } = login
  return { token: { jti, sub: '', iat: (start + begunAt) / 1000, exp: never }, login }
}

/** A cookie of a session by a protocol has come: of one that begins, or of that which the request had. */
function noteSession(
  world: World,
  { instance, provided, browser }: Request,
  asked: Asked,
  value: string,
): void {
  const { protocolSessions, scheduler } = world
  if (protocolSessions.has(value)) return
  if (provided === undefined) {
    if (asked.login !== undefined) protocolSessions.set(value, asked.login)
    return
  }
  const { name, person, jti } = provided
  const login: Login = {
    name: `${name} at ${instance.application.name}`,
    person,
    jti,
    begunAt: scheduler.now,
    identity: provided,
  }
  protocolSessions.set(value, login)
  browser?.logins.push(login)
}

/** Sends a request, and waits for what comes. */
export async function send(world: World, request: Request): Promise<Received | undefined> {
  const { facts, network, scheduler } = world
  const { instance, message, who, browser } = request
  const path = message.target.replace(/[?#].*$/, '')
  const header = request.cookies ?? browser?.jar.header(instance.host, path, scheduler.now) ?? ''
  const { token, login } = credentialOf(world, instance, header)
  const asked: Asked = {
    action: request.action,
    who,
    instance,
    token,
    login,
    isTouching: request.isTouching,
    isLogin: request.isLogin === true,
    sentAt: scheduler.now,
    doneAt: Number.POSITIVE_INFINITY,
    isAnswered: false,
  }
  facts.asked.push(asked)
  const headers = header === '' ? message.headers : { ...message.headers, cookie: header }
  try {
    const served = await network.call(instance.process, async () => {
      const answer = await instance.work(() => instance.serve({ ...message, headers }))
      // From here on its effects are there, also if the answer never comes.
      asked.doneAt = scheduler.now
      return answer
    })
    take(world, request, asked, served)
    return { served, asked }
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    asked.isAnswered = true
    asked.doneAt = Math.min(asked.doneAt, scheduler.now)
    world.history.tell(who, `${message.method} ${path} at ${instance.name}: no connection`)
    return undefined
  }
}

/** An answer deletes the cookies of a login that came after its request: by its hint, the session of that is over too. */
function noteCrossed(
  { facts, provider, scheduler }: World,
  browser: Person,
  { instance, asked }: { readonly instance: Instance; readonly asked: Asked },
): void {
  const token = tokenIn(browser.jar.header(instance.host, '/', scheduler.now))
  const login = token === undefined ? undefined : provider.login(token.jti)
  if (login === undefined || login === asked.login) return
  facts.endings.push({ by: 'an older answer', covers: (each) => each === login, begunAt: scheduler.now })
}

/** Takes an answer: the cookies into the jar, what was shown into the facts. */
function take(world: World, request: Request, asked: Asked, served: Served): void {
  const { facts, scheduler, history } = world
  const { instance, message, browser, who } = request
  const seen = served.seen ?? shownIn(world, served)
  asked.isAnswered = true
  asked.clockAt = served.clockAt
  if (seen !== undefined) asked.seen = seen
  const isDeleting = served.cookies.some(
    ({ name, maxAgeSeconds, domain }) => name === 'c1_payload' && maxAgeSeconds === 0 && domain === base,
  )
  const session = served.cookies.find(({ name }) => name === sessionCookieOf(instance))
  if (session !== undefined && session.value !== '' && session.maxAgeSeconds !== 0)
    noteSession(world, request, asked, session.value)
  if (isDeleting && browser !== undefined) noteCrossed(world, browser, { instance, asked })
  for (const cookie of served.cookies) browser?.jar.set(cookie, instance.host, scheduler.now)
  const delivered = served.cookies.find(
    ({ name, maxAgeSeconds }) => name === 'c1_payload' && maxAgeSeconds !== 0,
  )
  if (delivered !== undefined) asked.delivered = delivered.value
  asked.isDeleting = isDeleting
  facts.fresh.push(asked)
  const path = message.target.replace(/[?#].*$/, '')
  const what =
    seen === undefined ? '' : `, ${seen.state}${seen.reason === undefined ? '' : ` (${seen.reason})`}`
  const cookies = `${delivered === undefined ? '' : ', with a new token'}${isDeleting ? ', deletes the shared cookie' : ''}`
  const as = asked.login === undefined ? '' : ` as ${asked.login.name}`
  history.tell(
    who,
    `${message.method} ${path} at ${instance.name}${as}: ${served.reply.status}${what}${cookies}`,
  )
}

/** What the status document says, where that is the answer. */
function shownIn(world: World, { reply }: Served): Seen | undefined {
  if (!/^\{"state":/.test(reply.body ?? '')) return undefined
  const { state, reason, session, person } = JSON.parse(reply.body ?? '') as {
    state: Seen['state']
    reason: string | null
    session: { publicId: string } | null
    person: string | null
  }
  const sub = person === null ? undefined : world.subOfDigest(person)
  return { state, reason: reason ?? undefined, sub, publicId: session?.publicId }
}
