/** @module What must hold in every world, whatever happens in it: each with a name, each looked at after every step. */
import type { Receipt } from '../../src/index.js'
import type { Asked, Ending, OpenSocket } from './facts.js'
import { timeOf } from './history.js'
import type { Login } from './provider.js'
import { start, type World } from './world.js'

/** A rule that was broken, and how. */
export interface Violation {
  readonly invariant: string
  readonly what: string
}

type Found = string | undefined

/** Seconds of the clocks of tokens are whole. */
const second = 1000
/** `identityProvider.clockSkewSeconds`. */
const clockSkew = 30_000
/** So long a message may be on its way in one direction at most, besides the pace of a world. */
const watchMilliseconds = 5000

const touchInterval = (idleMilliseconds: number): number => Math.min(10_000, idleMilliseconds / 20)
const nameOf = ({ instance }: Asked): string => instance.application.name
const idleOf = ({ instance }: Asked): number => instance.application.idleSeconds * 1000
const absoluteOf = ({ instance }: Asked): number => instance.application.absoluteSeconds * 1000

/** By the clock of a process, milliseconds since the world began. */
const clockOf = ({ clockAt }: Asked): number => (clockAt ?? start) - start

/** On the same store nobody is served by a session, after its end was told as done. */
function acknowledgedEndHolds({ facts, plan }: World, asked: Asked): Found {
  const { login, seen, sentAt } = asked
  if (login === undefined || seen?.state !== 'active') return undefined
  const since = facts.acknowledgedAt(login, nameOf(asked))
  if (since === undefined || since + plan.store.nearMilliseconds > sentAt) return undefined
  // A master that was cut off knows nothing of it: `docs/operations.md` says so.
  if (
    facts.failovers.some(({ isCutOff, lossFrom, until }) => isCutOff && lossFrom <= sentAt && sentAt <= until)
  )
    return undefined
  // An end of this application alone may be followed by a new beginning, on the person's own decision.
  if (login.identity === undefined && isOnlyHere(facts.endingsOf(login, nameOf(asked), sentAt), login))
    return undefined
  if (isUnknownAnew(facts, plan, asked, since)) return undefined
  return `${asked.who} is served as ${login.name} by ${asked.instance.name}, whose end was told as done`
}

/**
 * Whether a token was issued after an end, for an identity session that no application had known by then: the end of a person
 * is a time, before which tokens were issued, and the provider may lead who is still signed in there on.
 */
function isUnknownAnew(
  facts: World['facts'],
  { store }: World['plan'],
  { token, login, instance }: Asked,
  endedAt: number,
): boolean {
  const wasKnown = facts.asked.some(
    (each) =>
      each.login === login &&
      each.seen?.state === 'active' &&
      each.sentAt <= endedAt &&
      (!store.isApart || each.instance.application === instance.application),
  )
  return !wasKnown && token !== undefined && (token.iat + 1) * second - start > endedAt
}

function isOnlyHere(endings: ReturnType<World['facts']['endingsOf']>, login: Login): boolean {
  const sure = endings.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined)
  return sure.every(({ covers }) => !covers(login, 'benefits') || !covers(login, 'library'))
}

/** Whether a session can have been over for a reason of its own: what each reason takes. */
function isJustified(world: World, asked: Asked, reason: string): boolean {
  const { facts, provider } = world
  const { login, token } = asked
  if (login === undefined || token === undefined) return true
  const now = clockOf(asked)
  const slack = facts.clockSlack
  const endings = facts.endingsOf(login, nameOf(asked), asked.doneAt)
  // Then the hint of an older session may say more than the token.
  if (now + slack + second >= token.exp * second - start) return true
  switch (reason) {
    case 'idle-timeout':
      return isIdle(facts, asked)
    case 'absolute-timeout':
      return now + slack >= firstOf(facts, asked) + absoluteOf(asked)
    // The cookie of a session by a protocol, of which nothing is left, or only a later beginning.
    case 'not-signed-in':
      return (
        login.identity !== undefined &&
        (endings.length > 0 ||
          isIdle(facts, asked) ||
          now + slack >= firstOf(facts, asked) + absoluteOf(asked) ||
          facts.mayBeLost(login.begunAt - 10_000, asked.doneAt))
      )
    case 'identity-ended':
      return !provider.isLiving(login.jti) || endings.length > 0
    case 'signed-out':
    case 'revoked':
    case 'application-sign-out':
    case 'identity-changed':
      return (
        endings.some((each) => isStillMeant(world, each, asked)) ||
        hasChangedPerson(world, asked) ||
        mayEndEverywhere(world, login, asked)
      )
    case 'not-started':
      return (
        !asked.isTouching &&
        !facts
          .of(login, nameOf(asked))
          .some((each) => isConfirmed(each, asked) && !facts.mayBeLost(each.sentAt, each.doneAt))
      )
    default:
      return false
  }
}

function isIdle(facts: World['facts'], asked: Asked): boolean {
  const { login } = asked
  if (login === undefined) return true
  const last = lastConfirmedTouch(facts, facts.of(login, nameOf(asked)), asked)
  return clockOf(asked) + facts.clockSlack >= last + idleOf(asked) - touchInterval(idleOf(asked))
}

/** When a session was first asked for. */
function firstOf(facts: World['facts'], asked: Asked): number {
  const all = asked.login === undefined ? [] : facts.of(asked.login, nameOf(asked))
  return Math.min(asked.login?.identity?.begunAt ?? asked.sentAt, ...all.map(({ sentAt }) => sentAt))
}

/** What was told as done, and after which the person came back, ends nothing any more. */
function isStillMeant({ facts }: World, { acknowledgedAt }: Ending, asked: Asked): boolean {
  if (acknowledgedAt === undefined || asked.login === undefined) return true
  return !facts
    .of(asked.login, nameOf(asked))
    .some(
      (each) =>
        each.sentAt > acknowledgedAt &&
        isConfirmed(each, asked) &&
        !facts.mayBeLost(each.sentAt, each.doneAt),
    )
}

const isConfirmed = (each: Asked, later: Asked): boolean =>
  each.isTouching && each.seen?.state === 'active' && each.doneAt <= later.sentAt

function lastConfirmedTouch(facts: World['facts'], all: readonly Asked[], asked: Asked): number {
  let last = Number.NEGATIVE_INFINITY
  for (const each of all) {
    if (isConfirmed(each, asked) && !facts.mayBeLost(each.sentAt, each.doneAt))
      last = Math.max(last, each.sentAt)
  }
  return last
}

function hasChangedPerson({ people }: World, { who }: Asked): boolean {
  const browser = people.find(({ name }) => name === who)
  return browser === undefined || new Set(browser.logins.map(({ person }) => person)).size > 1
}

/** An application whose idle sessions end everywhere, where this one can have been idle. */
function mayEndEverywhere({ facts }: World, login: Login, asked: Asked): boolean {
  return facts.asked.some((each) => {
    if (
      each.login !== login ||
      each.instance.application.onIdle !== 'end-everywhere' ||
      each.sentAt > asked.doneAt
    )
      return false
    const touches = facts
      .of(login, nameOf(each))
      .filter(({ sentAt, isTouching }) => isTouching && sentAt < each.sentAt)
    const last = Math.max(...touches.map(({ sentAt }) => sentAt))
    return each.sentAt + facts.clockSlack + 1000 >= last + idleOf(each) - touchInterval(idleOf(each))
  })
}

/** Nobody is told that their session is over unless something can have ended it; an outage is none. */
function outageEndsNobody(world: World, asked: Asked): Found {
  const { login, seen, token } = asked
  if (login === undefined || token === undefined) return undefined
  if (seen?.state === 'anonymous' && !isJustified(world, asked, seen.reason ?? '')) {
    return `${asked.who} is told "${seen.reason}" by ${asked.instance.name} as ${login.name}, and nothing had ended that session`
  }
  const mayDelete =
    world.facts.endingsOf(login, nameOf(asked), asked.doneAt).length > 0 ||
    mayEndEverywhere(world, login, asked)
  if (asked.isDeleting === true && !mayDelete) {
    return `${asked.instance.name} deletes the shared cookie of ${asked.who}, whose session ${login.name} nobody had ended`
  }
  return undefined
}

/** What a request is shown is the session that its cookies name. */
function nobodySeesAnother({ facts, provider }: World, asked: Asked): Found {
  const { login, seen, delivered } = asked
  if (delivered !== undefined && login !== undefined) {
    const { jti, sub } = JSON.parse(Buffer.from(delivered, 'base64url').toString()) as {
      jti: string
      sub: string
    }
    if (provider.personOf(sub) !== login.person) return `${asked.who} gets a token of somebody else: ${jti}`
  }
  if (seen?.state !== 'active') return undefined
  if (login === undefined) return `${asked.who} is served without a token`
  if (seen.sub !== undefined && asked.instance.protocol === 'saml' && !facts.names.has(seen.sub)) {
    facts.names.set(seen.sub, login.person)
  }
  const shown =
    seen.sub === undefined ? login.person : (provider.personOf(seen.sub) ?? facts.names.get(seen.sub))
  if (shown !== login.person)
    return `${asked.who} is shown the claims of ${shown ?? 'nobody'} as ${login.name}`
  if (seen.publicId === undefined) return undefined
  const known = facts.publicIds.get(seen.publicId)
  facts.publicIds.set(seen.publicId, login)
  const isSame = known !== undefined && known.identity !== undefined && known.identity === login.identity
  return known === undefined || known === login || isSame
    ? undefined
    : `${asked.who} is shown the session of ${known.name} as ${login.name}`
}

/** An idle session is over, and so is one that has lasted too long, whatever else happens. */
function limitsHold({ facts }: World, asked: Asked): Found {
  const { login, seen } = asked
  if (login === undefined || seen?.state !== 'active' || asked.isLogin) return undefined
  const now = clockOf(asked)
  const slack = facts.clockSlack + (facts.clockSlack > 0 ? 60_000 : 0)
  const before = facts
    .of(login, nameOf(asked))
    .filter((each) => each !== asked && each.sentAt <= asked.doneAt)
  const touches = before.filter(({ isTouching }) => isTouching)
  // Before it was served once nothing had begun for certain.
  const active = before.filter(
    (each) => each.seen?.state === 'active' && !facts.mayBeLost(each.sentAt, each.doneAt),
  )
  if (active.length === 0 || touches.length === 0) return undefined
  const last = Math.max(...touches.map(({ doneAt }) => Math.min(doneAt, asked.doneAt)))
  if (now >= last + idleOf(asked) + slack) {
    return `${asked.who} is served by ${asked.instance.name} ${Math.round((now - last) / 1000)} s after the last activity of ${login.name}`
  }
  const first = Math.min(...active.map(({ doneAt }) => doneAt))
  return now >= first + absoluteOf(asked) + slack
    ? `${asked.who} is served by ${asked.instance.name} ${Math.round((now - first) / 1000)} s after ${login.name} began there`
    : undefined
}

/** Where nothing is broken, everybody is served. */
function calmServesAll({ facts, plan }: World, asked: Asked): Found {
  const { seen } = asked
  if (seen?.state !== 'unavailable' || plan.pace.slowest > 100) return undefined
  return facts.hadTrouble(['store', 'provider', 'process'], 0, asked.doneAt)
    ? undefined
    : `${asked.who} is told by ${asked.instance.name} that something is out of order, and nothing is`
}

/** A renewal that was under way brings no cookies once the end of its session was told as done. */
function endStopsRenewals({ facts, plan }: World, asked: Asked): Found {
  const { login, delivered, doneAt } = asked
  if (login === undefined || delivered === undefined) return undefined
  const since = facts.acknowledgedAt(login, nameOf(asked))
  // The last looks before cookies are set may have been answered just before.
  const patience = 2 * plan.pace.slowest + 100 + plan.store.nearMilliseconds
  if (since === undefined || since + patience > doneAt || facts.mayBeLost(since, doneAt)) return undefined
  if (isOnlyHere(facts.endingsOf(login, nameOf(asked), doneAt), login)) return undefined
  if (isUnknownAnew(facts, plan, asked, since)) return undefined
  return `${asked.who} gets a new token of ${login.name} from ${asked.instance.name}, whose end was told as done`
}

/** A leg that is told as done is done. */
function receiptIsTrue(world: World, receipt: Receipt, asked: Asked): Found {
  const { provider } = world
  const { login } = asked
  const legs = receipt.legs.filter(({ state }) => state === 'done')
  for (const { leg } of legs) {
    if (leg === 'identity' && login !== undefined && provider.isLiving(login.jti)) {
      return `the receipt of ${asked.who} says that the identity session of ${login.name} has ended, and it lives`
    }
  }
  const isEnded = receipt.legs.some(({ leg, state }) => leg === 'sessions' && state === 'done')
  if (
    receipt.outcome !== 'failed' &&
    !isEnded &&
    receipt.legs.some(({ leg, state }) => leg === 'sessions' && state !== 'skipped' && state !== 'unknown')
  ) {
    return `the receipt of ${asked.who} says "${receipt.outcome}" although the sessions did not end`
  }
  return undefined
}

/** One token is exchanged once, whoever asks, unless something was broken meanwhile. */
function oneRefreshForAll({ facts, provider, plan }: World): Found {
  const calls = provider.refreshes.filter(({ isDone }) => isDone)
  const last = calls.at(-1)
  if (last === undefined || provider.judged === calls.length) return undefined
  provider.judged = calls.length
  // Each application keeps what it gets under secrets of its own.
  const same = calls.filter(({ token, by }) => token === last.token && by === last.by)
  const first = same[0]?.at ?? last.at
  if (same.length < 2 || plan.pace.slowest > 100) return undefined
  if (facts.hadTrouble(['store', 'provider', 'process', 'clock'], first, last.at)) return undefined
  return `the provider is asked ${same.length} times to renew one token of ${provider.login(last.jti)?.name ?? 'nobody'}`
}

/** A session ends once. */
function endIsToldOnce({ facts }: World): Found {
  for (const [publicId, count] of facts.endedEvents) {
    if (count > 1 && !facts.hadTrouble(['store', 'process'], 0, Number.POSITIVE_INFINITY)) {
      return `the end of a session of ${facts.publicIds.get(publicId)?.name ?? 'somebody'} is told ${count} times`
    }
  }
  return undefined
}

/** A socket is told of the end in time, and of nothing that is no end. */
function socketsAreTold({ facts, scheduler, plan }: World): Found {
  const { now } = scheduler
  // Where messages may take longer than a store is waited for, a look may be in vain.
  const turns = plan.pace.slowest > 100 ? 5 : 1
  const patience = turns * watchMilliseconds + 1500 + 4 * plan.pace.slowest
  for (const socket of facts.sockets) {
    if (socket.firedAt !== undefined || socket.closedAt !== undefined || !socket.process.isAlive) continue
    const since = facts.acknowledgedAt(socket.login, socket.instance.application.name)
    if (since === undefined) continue
    const late = Math.max(since, socket.openedAt) + patience
    if (now > late && !facts.hadTrouble(['store', 'clock'], socket.openedAt - 60_000, now)) {
      return `a socket of ${socket.login.name} at ${socket.instance.name} is still not told of the end`
    }
  }
  return undefined
}

function firingIsJustified(world: World, socket: OpenSocket): Found {
  const { facts, provider, scheduler } = world
  const { login, instance } = socket
  const { name, idleSeconds } = instance.application
  if (facts.endingsOf(login, name, scheduler.now).length > 0 || !provider.isLiving(login.jti))
    return undefined
  const all = facts.of(login, name)
  const probe = { instance, sentAt: scheduler.now, doneAt: scheduler.now } as Asked
  const idle = lastConfirmedTouch(facts, all, probe) + idleSeconds * 1000 - touchInterval(idleSeconds * 1000)
  if (scheduler.now + facts.clockSlack >= idle) return undefined
  const began = Math.min(...all.map(({ sentAt }) => sentAt))
  if (scheduler.now + facts.clockSlack >= began + instance.application.absoluteSeconds * 1000)
    return undefined
  if (mayEndEverywhere(world, login, probe)) return undefined
  const tokens = all.flatMap(({ token }) => token?.exp ?? [])
  if (scheduler.now + facts.clockSlack >= Math.min(...tokens) * 1000 - start - clockSkew) return undefined
  return `a socket of ${login.name} at ${instance.name} is told of an end that was none`
}

type Rule<Subject> = readonly [name: string, judge: (world: World, subject: Subject) => Found]

const onAnswers: readonly Rule<Asked>[] = [
  ['nobody sees the session or claims of somebody else', nobodySeesAnother],
  ['an acknowledged end is never served again', acknowledgedEndHolds],
  ['an acknowledged end stops renewals', endStopsRenewals],
  ['nobody is ended by an outage', outageEndsNobody],
  ['idle and absolute limits hold', limitsHold],
  ['where nothing is broken everybody is served', calmServesAll],
]

const always: readonly (readonly [string, (world: World) => Found])[] = [
  ['one refresh for all', oneRefreshForAll],
  ['the end of a session is told once', endIsToldOnce],
  ['a socket is told of the end in time', socketsAreTold],
]

/** The rules that are broken after a step. */
export function judgeStep(world: World): Violation | undefined {
  const { facts } = world
  for (const asked of facts.fresh.splice(0)) {
    for (const [invariant, judge] of onAnswers) {
      const what = judge(world, asked)
      if (what !== undefined) return { invariant, what }
    }
  }
  for (const { receipt, asked } of facts.receipts.splice(0)) {
    const what = receiptIsTrue(world, receipt, asked)
    if (what !== undefined) return { invariant: 'the receipt never says more than is so', what }
  }
  for (const socket of facts.firings.splice(0)) {
    const what = firingIsJustified(world, socket)
    if (what !== undefined) return { invariant: '`ended` fires for an end alone', what }
  }
  for (const [invariant, judge] of always) {
    const what = judge(world)
    if (what !== undefined) return { invariant, what }
  }
  return undefined
}

/** What must be so when the world is over: everybody was answered, and nothing is left. */
export function judgeEnd({ facts, scheduler, instances }: World): Violation | undefined {
  const open = facts.asked.find(
    ({ isAnswered, isLost, sentAt }) => !isAnswered && isLost !== true && sentAt < scheduler.now - 60_000,
  )
  if (open !== undefined) {
    return {
      invariant: 'everybody is answered',
      what: `${open.who} never gets an answer of ${open.instance.name} to the request of ${timeOf(open.sentAt)}`,
    }
  }
  for (const { name, count } of facts.leftTimers) {
    if (count > 0)
      return { invariant: 'nothing leaks', what: `${count} timers go on when ${name} has stopped` }
  }
  for (const { name, process } of instances) {
    const count = scheduler.openTimers(process)
    if (count > 0)
      return { invariant: 'nothing leaks', what: `${count} timers go on when ${name} has stopped` }
  }
  return undefined
}
