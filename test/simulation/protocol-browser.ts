/** @module A browser that is led between an application and the provider by OpenID Connect or SAML, through forms too. */
import type { Instance } from './instance.js'
import { ConnectionError } from './network.js'
import { type Actor, admit } from './people.js'
import { base, type Login } from './provider.js'
import { looks, type Message, navigate, postForm, type Received, send } from './requests.js'

/** Where a browser goes next by itself. */
interface Next {
  readonly url: string
  readonly form?: Readonly<Record<string, string>> | undefined
}

const home = `https://id.${base}`

const plain = (text: string): string =>
  text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/&#x([0-9a-f]+);/gi, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replaceAll('&amp;', '&')

/** What an answer leads to: a redirect, a refresh, or a form that sends itself elsewhere. */
function nextOf(
  {
    status,
    location,
    body,
  }: { readonly status: number; readonly location: string | null; readonly body: string },
  from: string,
): Next | undefined {
  if (status >= 300 && status <= 399 && location !== null) return { url: new URL(location, from).href }
  const refresh = /<meta http-equiv="refresh" content="0;url=([^"]+)">/.exec(body)?.[1]
  if (refresh !== undefined) return { url: new URL(plain(refresh), from).href }
  for (const [, attributes = '', inner = ''] of body.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const action = /\baction="([^"]*)"/.exec(attributes)?.[1]
    if (action === undefined) continue
    const url = new URL(plain(action), from)
    if (url.origin === new URL(from).origin) continue
    const form: Record<string, string> = {}
    for (const [input] of inner.matchAll(/<input\b[^>]*>/g)) {
      const name = /\bname="([^"]*)"/.exec(input)?.[1]
      if (name !== undefined) form[plain(name)] = plain(/\bvalue="([^"]*)"/.exec(input)?.[1] ?? '')
    }
    return { url: url.href, form }
  }
  return undefined
}

function nextAt({ host }: Instance, received: Received | undefined): Next | undefined {
  if (received === undefined) return undefined
  const { status, headers, body } = received.served.reply
  return nextOf({ status, location: headers.location ?? null, body: body ?? '' }, `https://${host}/`)
}

/** How somebody comes to the provider. */
interface Coming {
  readonly person: string
  /** As somebody whom it does not know. */
  readonly isAnew: boolean
}

/** One page of the provider. */
async function ask({ world }: Actor, { url, form }: Next, identity: string | undefined): Promise<Response> {
  const { provider } = world
  const token = await provider.tokenOf(identity)
  const headers: Record<string, string> =
    token === undefined ? {} : { cookie: provider.emulator.cookieHeader(token) }
  const body = form === undefined ? undefined : new URLSearchParams(form)
  return provider.emulator.handle(
    new Request(url, { method: body === undefined ? 'GET' : 'POST', headers, body: body ?? null }),
  )
}

/** Goes through the provider's pages; where it leads back to, and whom it vouches for. */
async function visitProvider(
  actor: Actor,
  first: Next,
  { person, isAnew }: Coming,
): Promise<{ readonly next: Next; readonly login: Login | undefined } | undefined> {
  const { world, browser } = actor
  const { provider, network, history } = world
  let next: Next | undefined = first
  let isUnknown = isAnew
  for (let hops = 0; hops < 8 && next !== undefined; hops += 1) {
    const { pathname, searchParams } = new URL(next.url)
    if (pathname === '/login') {
      const isForced = searchParams.get('prompt') === 'login' || isUnknown
      if (!(await admit(world, browser, { person, isAnew: isForced }))) return undefined
      isUnknown = false
      next = { url: new URL(searchParams.get('returnTo') ?? '/', home).href }
      continue
    }
    const asked: Next = next
    const isCold = isUnknown
    const answer = await network
      .call(provider.place, async () => {
        if (provider.status !== undefined) throw new ConnectionError('the provider does not serve')
        // Another tab may sign somebody else in meanwhile.
        const identity = isCold ? undefined : browser.identity
        const response = await ask(actor, asked, identity)
        provider.noteParticipants()
        return {
          login: identity === undefined ? undefined : provider.login(identity),
          status: response.status,
          location: response.headers.get('location'),
          body: await response.text(),
        }
      })
      .catch(() => undefined)
    if (answer === undefined) {
      history.tell(browser.name, 'does not reach the provider')
      return undefined
    }
    if (browser.identity !== undefined && !provider.isLiving(browser.identity)) {
      browser.identity = undefined
      browser.jar.drop((name) => name.startsWith('c1_'))
    }
    next = nextOf(answer, asked.url)
    if (next !== undefined && !next.url.startsWith(`${home}/`)) {
      const { login } = answer
      history.tell(
        'the provider',
        `leads ${browser.name} back${login === undefined ? '' : ` as ${login.name}`}`,
      )
      return { next, login }
    }
  }
  return undefined
}

/** How a browser asks for a page that it is led to. */
function messageOf({ url, form }: Next): Message {
  const { pathname, search } = new URL(url)
  const message =
    form === undefined ? navigate(pathname + search, 'same-site') : postForm(pathname + search, form)
  if (form === undefined) return message
  return { ...message, headers: { ...message.headers, 'sec-fetch-site': 'same-site', origin: home } }
}

/** Follows an answer of an application until nothing leads on. */
export async function walk(
  actor: Actor,
  first: Received | undefined,
  { application, ...coming }: Coming & { readonly application: number },
): Promise<void> {
  const { world, browser, action } = actor
  const { scheduler, facts } = world
  const pick = (): Instance => world.instance(application, Math.floor(scheduler.draw() * 2))
  const common = { who: browser.name, browser, action, isTouching: true, isLogin: true }
  let provided: Login | undefined
  let next = nextAt(pick(), first)
  for (let hops = 0; hops < 8 && next !== undefined; hops += 1) {
    if (next.url.startsWith(`${home}/`)) {
      const back = await visitProvider(actor, next, coming)
      if (back === undefined) return
      next = back.next
      provided = back.login
      for (const old of browser.logins) {
        if (old.identity === undefined) continue
        facts.endings.push({ by: 'a new sign-in', covers: (each) => each === old, begunAt: scheduler.now })
      }
      continue
    }
    const instance = pick()
    const isPage = new URL(next.url).pathname === '/private'
    const received: Received | undefined = await send(world, {
      ...common,
      instance,
      provided,
      message: isPage ? looks.page : messageOf(next),
    })
    if (isPage) return
    next = nextAt(instance, received)
  }
}

/** A person signs in at an application that has a protocol instead of the shared cookie. */
export async function signInByProtocol(
  actor: Actor,
  coming: Coming & { readonly application: number },
): Promise<void> {
  const { world, browser, action } = actor
  const { scheduler } = world
  const step = (message: Message): Promise<Received | undefined> => {
    const instance = world.instance(coming.application, Math.floor(scheduler.draw() * 2))
    return send(world, {
      who: browser.name,
      browser,
      instance,
      message,
      action,
      isTouching: true,
      isLogin: true,
    })
  }
  let received = await step(navigate('/session/login?returnTo=%2Fprivate'))
  const instance = world.instance(coming.application, 0)
  if (received !== undefined && nextAt(instance, received) === undefined) {
    received = await step(postForm('/session/login', { returnTo: '/private' }))
  }
  await walk(actor, received, coming)
}
