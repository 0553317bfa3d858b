/** @module What people do: they sign in, look at pages, sign out, open sockets, lose cookies; each as a browser does it. */
import type { Receipt } from '../../src/index.js'
import { parseSetCookie } from './browser.js'
import { SimulatedExchange } from './exchange.js'
import type { Ending, OpenSocket } from './facts.js'
import { type Instance, seenOf } from './instance.js'
import { ConnectionError } from './network.js'
import type { Act, Look } from './plan.js'
import { signInByProtocol, walk } from './protocol-browser.js'
import { base, type Login } from './provider.js'
import {
  credentialOf,
  isTouchingLook,
  looks,
  navigate,
  postByScript,
  postForm,
  type Received,
  send,
} from './requests.js'
import type { Person, World } from './world.js'

/** Who acts, in which action. */
export interface Actor {
  readonly world: World
  readonly browser: Person
  readonly action: number
}

/** Where an answer leads a browser by itself; `undefined`: nowhere. */
function leadsTo({ served }: Received): string | undefined {
  const { reply } = served
  if (reply.status >= 300 && reply.status <= 399) return reply.headers.location
  const address = /<meta http-equiv="refresh" content="0;url=([^"]+)">/.exec(reply.body ?? '')?.[1]
  return address?.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"')
}

const pathOf = (address: string): string => {
  const { pathname, search } = new URL(address, `https://${base}`)
  return pathname + search
}

/** One of the processes of an application: whichever the load balancer has. */
function anyOf(world: World, application: number): Instance {
  return world.instance(application, Math.floor(world.scheduler.draw() * 2))
}

/** A person signs in by the login of an application, or is led through it by a session that the provider knows. */
export async function signIn(
  { world, browser, action }: Actor,
  { application, person: given, isLeft = false }: Extract<Act, { kind: 'sign-in' }>,
): Promise<void> {
  const { scheduler, history } = world
  const person = given ?? browser.person
  const step = (message: Parameters<typeof send>[1]['message']) =>
    send(world, {
      who: browser.name,
      browser,
      instance: anyOf(world, application),
      message,
      action,
      isTouching: true,
      isLogin: true,
    })
  const isByProtocol = world.instance(application, 0).protocol !== undefined
  if (isLeft) {
    await admit(world, browser, { person, isAnew: true })
    return
  }
  history.tell(browser.name, `goes to the login of ${world.instance(application, 0).application.name}`)
  if (isByProtocol) {
    return signInByProtocol({ world, browser, action }, { application, person, isAnew: given !== undefined })
  }
  let received = await step(navigate('/session/login?returnTo=%2Fprivate'))
  if (received !== undefined && leadsTo(received) === undefined) {
    received = await step(postForm('/session/login', { returnTo: '/private' }))
  }
  const there = received === undefined ? undefined : leadsTo(received)
  if (there === undefined) return
  if (!there.startsWith(`https://id.${base}/`)) {
    if (there.endsWith('/private')) await step(looks.page)
    return
  }
  const { searchParams } = new URL(there)
  const isAnew = searchParams.get('prompt') === 'login' || given !== undefined
  if (!(await admit(world, browser, { person, isAnew }))) return
  const back = searchParams.get('returnTo')
  if (back === null) return
  received = await step(navigate(pathOf(back), 'same-site'))
  const { host, application: site } = world.instance(application, 0)
  const header = browser.jar.header(host, '/', scheduler.now)
  world.copies.push({ name: `a copy of the cookies of ${browser.name} at ${site.name}`, header })
  if (received !== undefined && leadsTo(received)?.endsWith('/private')) await step(looks.page)
}

/** A person is at the provider, which takes them in. `false`: it cannot be reached. */
export async function admit(
  world: World,
  browser: Person,
  { person, isAnew }: { readonly person: string; readonly isAnew: boolean },
): Promise<boolean> {
  const { provider, network, scheduler, history } = world
  const admitted = await network
    .call(provider.place, async () => {
      if (provider.status !== undefined) throw new ConnectionError('the provider does not serve')
      return provider.admit(person, isAnew ? undefined : browser.identity, scheduler.now)
    })
    .catch(() => undefined)
  if (admitted === undefined) history.tell(browser.name, 'does not reach the provider')
  else takeToken(world, browser, admitted)
  return admitted !== undefined
}

/** The provider has set its cookies. What this browser had before is over for it. */
function takeToken(world: World, browser: Person, { login, token }: { login: Login; token: string }): void {
  const { scheduler, facts, history } = world
  const [header = '', payload = '', signature = ''] = token.split('.')
  for (const [name, value] of Object.entries({ header, payload, signature })) {
    const line = `c1_${name}=${value}; Domain=${base}; Path=/; Secure; SameSite=Lax`
    browser.jar.set(parseSetCookie(line), `id.${base}`, scheduler.now)
  }
  history.tell(browser.name, `is signed in at the provider as ${login.name}`)
  browser.identity = login.jti
  for (const old of browser.logins) {
    if (old === login) continue
    // An application that sees the new cookie with the hint of the old session ends that.
    facts.endings.push({ by: 'a new sign-in', covers: (each) => each === old, begunAt: scheduler.now })
  }
  if (!browser.logins.includes(login)) browser.logins.push(login)
}

/** A person looks at a page, or a script of it asks. */
export async function look({ world, browser, action }: Actor, instance: Instance, how: Look): Promise<void> {
  const isTouching = isTouchingLook(how)
  await send(world, { who: browser.name, browser, instance, message: looks[how], isTouching, action })
}

/** A person signs out by a script of a page; `goesOn`: the browser goes where the receipt sends it. */
export async function signOut(
  { world, browser, action }: Actor,
  instance: Instance,
  { scope, goesOn }: { readonly scope: 'everywhere' | 'application'; readonly goesOn: boolean },
): Promise<void> {
  const { facts, network, provider, history, scheduler } = world
  const common = { who: browser.name, browser, instance, action, isTouching: false }
  const header = browser.jar.header(instance.host, '/', scheduler.now)
  const ending = beginEnding(world, { browser, instance, scope })
  const received = await send(world, { ...common, message: postByScript('/session/logout', { scope }) })
  if (received === undefined) return
  const receipt = JSON.parse(received.served.reply.body ?? '{}') as Partial<Receipt>
  if (receipt.legs === undefined) return
  history.tell(browser.name, `is told: ${receipt.outcome}`)
  facts.receipts.push({ receipt: receipt as Receipt, asked: received.asked, ending })
  const isDone = receipt.legs.every(({ leg, state }) => leg !== 'sessions' || state === 'done')
  if (ending !== undefined && isDone) ending.acknowledgedAt = received.asked.doneAt
  if (scope === 'everywhere') tryAgainLater(world, { browser, instance, header, action })
  if (!goesOn || receipt.continueAt === undefined) return
  const leaving = await send(world, {
    ...common,
    message: navigate(pathOf(receipt.continueAt), 'same-origin'),
  })
  if (instance.protocol !== undefined) {
    const application = world.applications.findIndex((each) => each.includes(instance))
    return walk({ world, browser, action }, leaving, { application, person: browser.person, isAnew: false })
  }
  const there = leaving === undefined ? undefined : leadsTo(leaving)
  if (there === undefined || !there.startsWith(`https://id.${base}/`)) return
  const isReached = await network
    .call(provider.place, () => {
      if (provider.status !== undefined) throw new ConnectionError('the provider does not serve')
      if (browser.identity !== undefined) provider.emulator.revoke(browser.identity)
      return true
    })
    .catch(() => false)
  if (!isReached) return
  browser.identity = undefined
  browser.jar.drop((name) => name.startsWith('c1_'))
  const back = new URL(there).searchParams.get('returnTo')
  if (back !== null) await send(world, { ...common, message: navigate(pathOf(back), 'same-site') })
}

/** Somebody tries the cookies of before the sign-out, at once and a while later, wherever. */
function tryAgainLater(
  world: World,
  {
    browser,
    instance,
    header,
    action,
  }: { browser: Person; instance: Instance; header: string; action: number },
): void {
  const { scheduler, fate, plan } = world
  const bound = plan.store.nearMilliseconds
  // Near reads: from the bound on, as long as nothing asks for a strict one.
  const near = bound === 0 ? [] : Array.from({ length: 4 }, () => [bound, 4000] as const)
  for (const [least, most] of [[0, 20], [0, 20_000], ...near] as const) {
    const there = scheduler.draw() < 0.5 ? instance : anyOf(world, Math.floor(scheduler.draw() * 2))
    const how = scheduler.draw() < (bound === 0 ? 0.2 : 0.7) ? 'poll' : 'script'
    scheduler.after(least + scheduler.draw() * most, fate, () => {
      const who = `a copy of the cookies of ${browser.name} from before the sign-out`
      void send(world, {
        who,
        cookies: header,
        instance: there,
        message: looks[how],
        isTouching: isTouchingLook(how),
        action,
      })
    })
  }
}

function beginEnding(
  world: World,
  { browser, instance, scope }: { browser: Person; instance: Instance; scope: 'everywhere' | 'application' },
): Ending | undefined {
  const { facts, scheduler, plan } = world
  const header = browser.jar.header(instance.host, '/session/logout', scheduler.now)
  const { login } = credentialOf(world, instance, header)
  if (login === undefined) return undefined
  const { name } = instance.application
  const ending: Ending = {
    by: browser.name,
    covers: (each, application) => each === login && (scope === 'everywhere' || application === name),
    // By a protocol the provider tells the others, sooner or later.
    mayCover: (each) => each === login || (plan.protocol !== undefined && each.jti === login.jti),
    begunAt: scheduler.now,
  }
  facts.endings.push(ending)
  return ending
}

/** Another application of the base domain, or the person, deletes the shared cookie: that signs out of all, by the hints. */
export function loseCookies({ world, browser }: Actor): void {
  const { facts, scheduler, history } = world
  browser.jar.drop((name) => name.startsWith('c1_'))
  for (const login of browser.logins) {
    facts.endings.push({ by: 'lost cookies', covers: (each) => each === login, begunAt: scheduler.now })
  }
  history.tell(browser.name, 'loses the shared cookie')
}

const unreachable = { state: 'no connection', publicId: undefined }

/** A page opens a socket, which stays until its session has ended. */
export async function openSocket({ world, browser }: Actor, instance: Instance): Promise<void> {
  const { facts, network, scheduler, history } = world
  const cookie = browser.jar.header(instance.host, '/socket', scheduler.now)
  const exchange = new SimulatedExchange({
    method: 'GET',
    target: '/socket',
    headers: { cookie, upgrade: 'websocket', origin: instance.url },
  })
  const { process } = instance
  const citizen = await network
    .call(process, () => instance.work(() => instance.suite.peek(exchange)))
    .catch(() => undefined)
  const { state, publicId } = citizen === undefined ? unreachable : seenOf(citizen)
  history.tell(browser.name, `opens a socket at ${instance.name}: ${state}`)
  const login = publicId === undefined ? undefined : facts.publicIds.get(publicId)
  if (citizen?.state !== 'active' || login === undefined || !process.isAlive) return exchange.close()
  const socket: OpenSocket = { login, instance, process, openedAt: scheduler.now }
  facts.sockets.push(socket)
  const note = (): void => {
    socket.firedAt = scheduler.now
    facts.firings.push(socket)
    history.tell(browser.name, `the socket at ${instance.name} is told that its session has ended`)
  }
  if (citizen.ended.aborted) note()
  else citizen.ended.addEventListener('abort', note)
  browser.sockets.push({
    close: () => {
      if (socket.closedAt !== undefined) return
      socket.closedAt = scheduler.now
      exchange.close()
    },
  })
}
