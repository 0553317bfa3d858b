/**
 * @module Eight applications of one person and one click, in real processes: `npm run eight -- --rounds 200` plays more
 * rounds, with a process for each instance, and prints how long it took.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChromiumRound, playInChromium } from './eight/chromium.js'
import { untruths } from './eight/receipt-checks.js'
import { gateTokensNow, takenAgain } from './eight/replay.js'
import { refusalP99, report, spread } from './eight/report.js'
import { type Road, roads } from './eight/roads.js'
import { heardAfter, playRound, type Round } from './eight/round.js'
import { signInEverywhere } from './eight/signed-in.js'
import { applications, gated, startWorld, type World } from './eight/world.js'

/** Of the command; else as few as it takes to begin once at each kind, at the provider and by an administrator. */
const asked = Number(process.env.CITIZEN_EIGHT_ROUNDS ?? 0)
const kinds = ['museum', 'permits', 'java', 'provider', 'administrator']
const few = roads.filter(({ name }) => kinds.some((kind) => name.startsWith(kind)))
const taken: readonly Road[] =
  asked === 0 ? few : Array.from({ length: asked }, (_, index) => roads[index % roads.length] as Road)
/** Nobody comes twice: what one round has ended is nothing that the next one meets. */
const people = taken.map((_, index) => `p${index}`)

const inChromium = Array.from({ length: Number(process.env.CITIZEN_EIGHT_CHROMIUM ?? 0) }, (_, index) => ({
  person: `c${index}`,
  application: applications[index % applications.length] ?? gated,
}))

/** A gate's token lives for a minute, and clocks of backends may be wrong by half of one. Milliseconds. */
const gateTokenLife = 60_000
const backendSkew = 31_000
const longestLook = 5000
/** For what is late because the machine is busy with something else: what is measured has the report. */
const slack = 15_000

let world: World
const rounds: Round[] = []

beforeAll(async () => {
  world = await startWorld({
    people: [...people, ...inChromium.map(({ person }) => person), 'control'],
    isApart: asked > 0,
  })
}, 180_000)
afterAll(() => world?.close())

const cookieNamesOf = async ({ signedIn }: Pick<Round, 'signedIn'>) =>
  new Map(
    await Promise.all(
      applications.map(
        async (one) => [one.name, await signedIn.browser.cookieNames(`${world.urlOf(one)}/`)] as const,
      ),
    ),
  )

describe('one click ends all of eight applications', () => {
  it('where nobody has clicked, whatever was kept opens what it is for', async () => {
    const control = await signInEverywhere(world, 'control')
    const taken = await takenAgain(world, control)
    const never = /^(?:the ID token .* as |another kind of token)/
    expect(taken.filter((name) => never.test(name))).toEqual([])
    expect(taken).toHaveLength(28)
    for (const { isTaken } of await gateTokensNow(world, control)) expect(isTaken).toBe(true)
  })

  it(
    'refuses at every instance, tells it truly and completely, and nothing that was kept is taken again',
    async () => {
      for (const [index, road] of taken.entries()) {
        const round = await playRound(world, road, people[index] ?? '')
        rounds.push(round)
        expect([road.name, untruths(world, round, await cookieNamesOf(round))]).toEqual([road.name, []])
        expect([road.name, await takenAgain(world, round.signedIn)]).toEqual([road.name, []])
        for (const { secondsLeft } of await gateTokensNow(world, round.signedIn)) {
          expect(secondsLeft * 1000).toBeLessThanOrEqual(gateTokenLife)
        }
      }
    },
    30_000 + 10_000 * taken.length,
  )

  it('is heard of by every socket: at once with near reads, within five seconds without', async () => {
    const heard = { near: [] as number[], strict: [] as number[] }
    for (const { signedIn, clickedAt } of rounds) {
      for (const socket of signedIn.sockets) {
        heard[socket.isNear ? 'near' : 'strict'].push(await heardAfter(socket, clickedAt))
        expect(socket.code).toBe(4401)
      }
    }
    expect(Math.max(...heard.near)).toBeLessThan(longestLook)
    expect(Math.max(...heard.strict)).toBeLessThan(longestLook + slack)
    if (asked > 0) console.log(report(rounds, heard))
  }, 60_000)

  it('is refused by everybody soon after it is answered', () => {
    expect(rounds).toHaveLength(taken.length)
    expect(refusalP99(rounds)).toBeLessThan(asked > 0 ? 250 : slack)
  })

  it('has checks of the receipt that find what is not so', async () => {
    const round = rounds.find(({ road }) => road.application?.kind === 'oidc')
    if (round === undefined) throw new Error('no round has begun at OpenID Connect')
    const names = await cookieNamesOf(round)
    const { provider, clicked, events } = round
    const receipt = clicked.receipt ?? { outcome: 'global', legs: [] }
    const doctored: readonly Round[] = [
      { ...round, provider: { ...provider, sessions: 1 } },
      { ...round, provider: { ...provider, openid: provider.openid.slice(1) } },
      {
        ...round,
        provider: { ...provider, saml: provider.saml.map((one) => ({ ...one, state: 'failed' })) },
      },
      { ...round, events: events.filter(({ type }) => type !== 'logout.leg') },
      {
        ...round,
        events: events.filter(
          (event) => event.type !== 'session.ended' || event.sessionApplication !== 'library',
        ),
      },
      { ...round, clicked: { ...clicked, receipt: { ...receipt, legs: receipt.legs.slice(1) } } },
      { ...round, clicked: { ...clicked, page: clicked.page?.replace('<dd>ended', '<dd>not ended') } },
    ]
    for (const each of doctored) expect(untruths(world, each, names)).not.toEqual([])
    expect(untruths(world, round, new Map([['library', ['c1_payload']]]))).not.toEqual([])
    expect(untruths(world, round, new Map([['museum', ['museum.sid']]]))).not.toEqual([])
  })

  // Only the command has the time.
  if (inChromium.length > 0) {
    it('is the same in Chromium', async () => {
      const { launchChromium } = await import('../support/chromium.js')
      const browser = await launchChromium()
      const played: ChromiumRound[] = []
      for (const each of inChromium) played.push(await playInChromium(world, browser, each))
      await browser.close()
      const [refused, shown] = [played.map((one) => one.refused), played.map((one) => one.shown)]
      console.log(
        `in Chromium, ${played.length} rounds: click to all refused ${spread(refused)}, click to the receipt ${spread(shown)}`,
      )
    }, 600_000)
  }
  if (asked > 0) {
    it('lets a token of the gate live for its minute, and no longer', async () => {
      const over = Date.now() + gateTokenLife + backendSkew
      while (Date.now() < over) await new Promise((resolve) => setTimeout(resolve, 1000))
      for (const { signedIn } of rounds) {
        for (const { isTaken } of await gateTokensNow(world, signedIn)) expect(isTaken).toBe(false)
      }
    }, 300_000)
  }
})
