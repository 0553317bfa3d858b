/** @module What the provider sends to applications by itself: logout tokens and SAML messages, which come late, twice or never. */
import type { Message } from './exchange.js'
import type { Ending } from './facts.js'
import { protocolApplication } from './protocols.js'
import { mix } from './random.js'
import type { Cause } from './scheduler.js'
import type { World } from './world.js'

/** A message on its way, and what it ends. */
interface Letter {
  readonly world: World
  readonly message: Message
  readonly ending: Ending | undefined
  readonly name: string
  readonly cause: Cause
}

/** The session at the provider that a message names: the `sid` of a logout token, or a SessionIndex. */
function namedIn(body: string): string | undefined {
  const token = new URLSearchParams(body).get('logout_token')
  if (token === null) return /SessionIndex>([^<]+)</.exec(body)?.[1]
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sid?: string
  }
  return sid
}

/** Takes a message of the provider, and answers as the application does, if it does. */
export async function post(world: World, request: Request): Promise<Response> {
  const { provider, facts, scheduler, history } = world
  const body = await request.text()
  const index = namedIn(body) ?? ''
  const login = provider.participations.get(index)
  const name = `${new URL(request.url).pathname.split('/').at(-1)} for ${login?.name ?? 'nobody'}`
  const covers: Ending['covers'] = (each, application) =>
    login !== undefined && each.identity === login && application === protocolApplication
  const ending: Ending = {
    by: 'a message of the provider',
    covers,
    mayCover: (each, application) => each === login || covers(each, application),
    begunAt: scheduler.now,
  }
  if (login !== undefined) facts.endings.push(ending)
  // Drawn from what it says: messages of one moment are signed in whatever order.
  const cause = { id: mix(...Buffer.from(index)) | 0, count: 0 }
  const { pathname } = new URL(request.url)
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  const letter: Letter = {
    world,
    message: { method: 'POST', target: pathname, headers, body },
    ending: login === undefined ? undefined : ending,
    name,
    cause,
  }
  const fate = scheduler.draw(cause)
  const later = (milliseconds: number): Promise<Response> =>
    new Promise((resolve, reject) => {
      scheduler.after(milliseconds, world.fate, () => void deliver(letter).then(resolve, reject), cause)
    })
  if (fate < 0.1) {
    history.tell('the provider', `sends a ${name}, which never comes`)
    return new Promise(() => undefined)
  }
  if (fate < 0.3) return later(1000 + scheduler.draw(cause) * 60_000)
  if (fate < 0.5) void later(scheduler.draw(cause) * 90_000).catch(() => undefined)
  return later(0)
}

async function deliver({ world, message, ending, name, cause }: Letter): Promise<Response> {
  const { network, facts, history, scheduler } = world
  const instance = world.instance(1, Math.floor(scheduler.draw(cause) * 2))
  const { reply } = await network
    .call(instance.process, () => instance.work(() => instance.serve(message)))
    .catch((error: Error) => {
      history.tell('the provider', `cannot deliver a ${name}`)
      throw error
    })
  const isDone = reply.status < 300 && !/status:(?!Success)\w+/.test(reply.body ?? '')
  history.tell(
    'the provider',
    `delivers a ${name} to ${instance.name}: ${reply.status}${isDone ? '' : ', not done'}`,
  )
  if (ending !== undefined && isDone) {
    ending.acknowledgedAt = Math.min(ending.acknowledgedAt ?? scheduler.now, scheduler.now)
    facts.messages += 1
  }
  return new Response(reply.body ?? null, { status: reply.status, headers: { ...reply.headers } })
}
