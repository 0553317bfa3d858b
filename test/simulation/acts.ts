/** @module What an action of a plan does in a world. */
import type { Ending } from './facts.js'
import type { Instance } from './instance.js'
import { look, loseCookies, openSocket, signIn, signOut } from './people.js'
import type { Act, Action } from './plan.js'
import { isTouchingLook, looks, send } from './requests.js'
import type { World } from './world.js'

/** Does it; what takes time goes on by itself. */
export async function perform(world: World, { id, act }: Action): Promise<void> {
  const { history } = world
  switch (act.kind) {
    case 'sign-in':
      return signIn({ world, browser: world.browser(act.browser), action: id }, act)
    case 'look': {
      const instance = world.instance(act.application, act.instance)
      return look({ world, browser: world.browser(act.browser), action: id }, instance, act.look)
    }
    case 'sign-out': {
      const instance = world.instance(act.application, act.instance)
      return signOut({ world, browser: world.browser(act.browser), action: id }, instance, act)
    }
    case 'lose-cookies':
      return loseCookies({ world, browser: world.browser(act.browser), action: id })
    case 'open-socket': {
      const instance = world.instance(act.application, act.instance)
      return openSocket({ world, browser: world.browser(act.browser), action: id }, instance)
    }
    case 'close-socket':
      for (const socket of world.browser(act.browser).sockets.splice(0)) socket.close()
      return
    case 'keep-copy': {
      const { host } = world.instance(act.application, 0)
      const { name, jar } = world.browser(act.browser)
      const copy = {
        name: `a copy of the cookies of ${name}`,
        header: jar.header(host, '/', world.scheduler.now),
      }
      world.copies.push(copy)
      return history.tell('somebody', `keeps ${copy.name}`)
    }
    case 'replay-copy':
      return replay(world, id, act)
    case 'end-by-administrator':
      return endByAdministrator(world, act)
    case 'end-at-provider':
      if (world.plan.protocol !== undefined) noteEndAtProvider(world, act.person)
      world.provider.emulator.revoke(act.person)
      return history.tell('the provider', `ends the identity sessions of ${act.person}`)
    default:
      return trouble(world, act)
  }
}

/** Applications learn of it by messages, some of which never come. */
function noteEndAtProvider({ facts, scheduler }: World, person: string): void {
  facts.endings.push({
    by: 'the provider',
    covers: (each) => each.person === person && each.begunAt <= scheduler.now,
    begunAt: scheduler.now,
  })
}

async function replay(
  world: World,
  action: number,
  act: Extract<Act, { kind: 'replay-copy' }>,
): Promise<void> {
  const copy = world.copies.at(act.copy % Math.max(world.copies.length, 1))
  if (copy === undefined) return
  await send(world, {
    who: copy.name,
    cookies: copy.header,
    instance: world.instance(act.application, act.instance),
    message: looks[act.look],
    isTouching: isTouchingLook(act.look),
    action,
  })
}

async function endByAdministrator(
  world: World,
  { application, person, which }: Extract<Act, { kind: 'end-by-administrator' }>,
): Promise<void> {
  const { facts, scheduler, provider, network, history } = world
  const instance = world.instance(application, Math.floor(scheduler.draw() * 2))
  const subject = provider.emulator.people.find(({ username }) => username === person)?.sub ?? ''
  const { sessions } = instance.suite
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    network.call(instance.process, () => instance.work(work))
  try {
    let chosen: { publicId: string } | undefined
    if (which !== 'all') {
      const list = await ask(() => sessions.list({ subject }))
      chosen = list[Math.floor(scheduler.draw() * list.length)]
      if (chosen === undefined) return
    }
    const login = chosen === undefined ? undefined : facts.publicIds.get(chosen.publicId)
    const before = scheduler.now
    const ending: Ending = {
      by: 'an administrator',
      covers: (each) =>
        each.person === person &&
        // Another kind of session has other names of its person.
        (each.identity !== undefined) === (instance.protocol !== undefined) &&
        (each.identity === undefined || which !== 'all') &&
        each.begunAt <= before &&
        (which === 'all' || (which === 'one' ? each === login : each !== login)),
      // Until it is carried out others begin, whose tokens say a time in whole seconds.
      mayCover: (each) =>
        each.person === person && (which !== 'one' || login === undefined || each === login),
      begunAt: before,
    }
    // Whose session a public id is that nobody was shown yet cannot be said: then nothing is counted on.
    const isSure = which === 'all' || login !== undefined
    facts.endings.push(isSure ? ending : { ...ending, covers: (each) => each.person === person })
    const { acknowledged } = await ask(() => {
      const named = { subject, publicId: chosen?.publicId ?? '' }
      if (which === 'all') return sessions.endAllOf({ subject })
      return which === 'one' ? sessions.end(named) : sessions.endOthers(named)
    })
    history.tell(
      'an administrator',
      `ends ${which} of ${person} at ${instance.name}: ${acknowledged ? 'done' : 'not sure'}`,
    )
    // "Others" are the sessions that the store knows: a token that no application has seen is none of them.
    if (acknowledged && isSure && which !== 'others') ending.acknowledgedAt = scheduler.now
  } catch (error) {
    history.tell('an administrator', `cannot end ${which} of ${person}: ${(error as Error).constructor.name}`)
  }
}

type Trouble = Extract<
  Act,
  { kind: 'fail-over' | 'store' | 'provider' | 'silence' | 'stop' | 'set-clock' | 'drift-clock' }
>

/** How long a trouble is felt after it is over, at most: waits that it has begun. Milliseconds. */
const aftermath = 60_000

async function trouble(world: World, act: Trouble): Promise<void> {
  const { facts, scheduler, history, provider, storePlaces } = world
  const from = scheduler.now
  const until = from + ('seconds' in act ? Math.abs(act.seconds) * 1000 : 0) + aftermath
  const later = (work: () => void): void => void scheduler.after(act.seconds * 1000, world.fate, work)
  switch (act.kind) {
    case 'fail-over':
      facts.troubles.push({ kind: 'store', from, until })
      return failOver(world, act.seconds)
    case 'store': {
      const there = storePlaces[act.which % storePlaces.length] ?? world.storePlace
      there.condition = act.condition
      facts.troubles.push({ kind: 'store', from, until })
      history.tell(there.name, `is ${act.condition} for ${act.seconds} s`)
      return later(() => {
        there.condition = 'up'
      })
    }
    case 'provider': {
      const { condition } = act
      facts.troubles.push({ kind: 'provider', from, until })
      history.tell('the provider', `is ${condition} for ${act.seconds} s`)
      if (condition === 'status-503' || condition === 'status-429')
        provider.status = Number(condition.slice(7))
      else if (condition === 'slow') provider.isSlow = true
      else provider.place.condition = condition
      return later(() => {
        provider.isSlow = false
        provider.status = undefined
        provider.place.condition = 'up'
      })
    }
    case 'stop':
      facts.troubles.push({ kind: 'process', from, until })
      return stop(world, world.instance(act.application, act.instance), act)
    case 'set-clock': {
      const instance = world.instance(act.application, act.instance)
      instance.setClock(act.seconds * 1000)
      facts.troubles.push({ kind: 'clock', from, until })
      noteClocks(world)
      return history.tell(instance.name, `has a clock that is ${act.seconds} s ahead`)
    }
    case 'drift-clock': {
      const instance = world.instance(act.application, act.instance)
      const { share, seconds } = act
      instance.driftClock(share, seconds * 1000)
      facts.troubles.push({ kind: 'clock', from, until })
      noteClocks(world)
      history.tell(instance.name, `has a clock that gains ${share * 100} s in 100 s, for ${seconds} s`)
      return later(() => {
        if (!instance.isDrifting) return
        instance.setClock(0)
        history.tell(instance.name, 'has its clock put right')
      })
    }
    case 'silence': {
      const { redis } = world
      const instance = world.instance(act.application, act.instance)
      if (redis === undefined) return
      const { process } = instance
      facts.troubles.push({ kind: 'store', from, until })
      redis.deafEars.add(process)
      history.tell(instance.name, `hears nothing that is published, for ${act.seconds} s`)
      return later(() => void redis.deafEars.delete(process))
    }
  }
}

/** How far clocks are apart at most, now or when one that drifts is put right. */
function noteClocks({ facts, instances }: World): void {
  const offsets = instances.flatMap(({ clockOffset, farthestOffset }) => [clockOffset, farthestOffset])
  facts.clockSlack = Math.max(facts.clockSlack, Math.max(...offsets, 0) - Math.min(...offsets, 0))
}

/** How long a client may stay with a master that was replaced, once that one has learnt of it. Milliseconds. */
const staleClients = 3000

function failOver(world: World, seconds: number): void {
  const { redis, facts, history, scheduler, plan } = world
  if (redis?.failOver(seconds * 1000) !== true) return
  const { now } = scheduler
  facts.failovers.push({
    lossFrom: now - 2 * plan.store.lag - 1000,
    until: now + seconds * 1000 + staleClients,
    isCutOff: seconds > 0,
  })
  history.tell(
    'the replica',
    seconds > 0
      ? `is promoted; the old master is cut off for ${seconds} s`
      : 'is promoted; the old master is dead',
  )
}

/** No deadline of a store is longer. Milliseconds. */
const deadlines = 6000

async function stop(world: World, instance: Instance, act: Extract<Act, { kind: 'stop' }>): Promise<void> {
  const { scheduler, history, facts } = world
  if (!instance.process.isAlive || instance.isStopping) return
  const old = instance.process
  history.tell(instance.name, act.inOrder ? 'is asked to stop' : 'stops at once')
  const goDown = (): void => {
    instance.crash()
    for (const each of facts.sockets) if (each.process === old) each.closedAt ??= scheduler.now
    for (const each of facts.asked) if (each.instance === instance && !each.isAnswered) each.isLost = true
    scheduler.after(act.seconds * 1000, world.fate, () => {
      instance.start()
      history.tell(instance.name, 'begins anew')
    })
  }
  if (!act.inOrder) return goDown()
  scheduler.after(0, old, () => {
    void instance.close().then(() => {
      history.tell(instance.name, 'has stopped in order')
      // A deadline that nothing waits for any more fires once more.
      scheduler.after(deadlines, old, () => {
        facts.leftTimers.push({ name: instance.name, count: scheduler.openTimers(old) })
        goDown()
      })
    })
  })
}
