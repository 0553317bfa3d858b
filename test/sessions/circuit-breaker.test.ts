/** @module What a refusal says: of one person everything, of most people nothing. */
import { describe, expect, it } from 'vitest'
import { createBreaker } from '../../src/sessions/circuit-breaker.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { dueSeconds, engines } from './renewals.js'

const start = Date.UTC(2026, 0, 15, 12)
const minute = 60_000

describe('a breaker', () => {
  const judge = (breaker: ReturnType<typeof createBreaker>, person: string, tokens: string, now: number) =>
    breaker.judgeRefusal({ person, tokens, until: now + 60 * minute }, now)

  const refuse = (breaker: ReturnType<typeof createBreaker>, people: number, now: number, sessions = 1) => {
    for (let person = 0; person < people; person += 1) {
      for (let session = 0; session < sessions; session += 1) {
        judge(breaker, `person ${person}`, `${person}/${session}`, now)
      }
    }
  }

  it('HLD-03 counts each person once, however many sessions are refused', () => {
    const breaker = createBreaker()
    refuse(breaker, 4, start, 16)
    expect(judge(breaker, 'person 0', '0/0', start + minute)).toEqual({ kind: 'believed' })
    refuse(breaker, 5, start + minute)
    expect(judge(breaker, 'person 0', 'x', start + minute)).not.toEqual({ kind: 'outage' })
  })

  it('HLD-03 takes five people within a minute for an outage, if they are more than half', () => {
    const most = createBreaker()
    refuse(most, 5, start)
    expect(judge(most, 'person 0', '0/0', start)).toEqual({ kind: 'outage' })
    const few = createBreaker()
    for (let person = 10; person < 15; person += 1) few.noteAccepted(`person ${person}`, start, start)
    refuse(few, 5, start)
    expect(judge(few, 'person 0', '0/0', start)).toMatchObject({ kind: 'unconfirmed' })
  })

  it('HLD-03 is held open by no retry of what was refused, beyond ten minutes', () => {
    const breaker = createBreaker()
    refuse(breaker, 8, start)
    let open = 0
    for (let at = start; at <= start + 30 * minute; at += minute / 6) {
      refuse(breaker, 8, at)
      if (judge(breaker, 'person 0', '0/0', at).kind === 'outage') open = at - start
    }
    expect(open).toBeGreaterThanOrEqual(10 * minute)
    expect(open).toBeLessThanOrEqual(11 * minute)
  })

  it('HLD-03 closes with the first renewal that has begun since and is accepted', () => {
    const breaker = createBreaker()
    refuse(breaker, 8, start)
    const late = start + 2 * minute
    breaker.noteAccepted('somebody', start - 1000, late)
    expect(judge(breaker, 'person 0', '0/0', late)).toEqual({ kind: 'outage' })
    breaker.noteAccepted('somebody', late, late)
    expect(judge(breaker, 'person 0', '0/0', late)).toEqual({ kind: 'believed' })
  })

  it('HLD-03 believes a refusal a minute later, or once anybody’s renewal has begun since and was accepted', () => {
    const breaker = createBreaker()
    expect(judge(breaker, 'ana', 'a', start)).toEqual({ kind: 'unconfirmed', milliseconds: minute })
    expect(judge(breaker, 'ana', 'a', start + 50_000)).toEqual({
      kind: 'unconfirmed',
      milliseconds: 10_000,
    })
    breaker.noteAccepted('ben', start, start + 50_000)
    expect(judge(breaker, 'ana', 'a', start + 50_000)).toMatchObject({ kind: 'unconfirmed' })
    breaker.noteAccepted('ben', start + 1, start + 50_000)
    expect(judge(breaker, 'ana', 'a', start + 50_000)).toEqual({ kind: 'believed' })
    expect(judge(breaker, 'eve', 'e', start + 50_000)).toMatchObject({ kind: 'unconfirmed' })
    expect(judge(breaker, 'eve', 'e', start + 110_000)).toEqual({ kind: 'believed' })
  })

  it.each([
    [20, 10_000],
    [4, 5000],
    [-100, 5000],
    [119, 59_500],
    [7200, minute],
  ])('HLD-03 with %s s left for the tokens a refusal is repeated after %s ms', (seconds, milliseconds) => {
    const breaker = createBreaker()
    const refusal = { person: 'ana', tokens: 'a', until: start + seconds * 1000 }
    expect(breaker.judgeRefusal(refusal, start)).toEqual({ kind: 'unconfirmed', milliseconds })
    expect(breaker.judgeRefusal(refusal, start + milliseconds - 1)).toEqual({
      kind: 'unconfirmed',
      milliseconds: 1,
    })
    expect(breaker.judgeRefusal(refusal, start + milliseconds)).toEqual({ kind: 'believed' })
  })

  it('HLD-05 ends its waits with a clock that is put back, and stays open for no day', () => {
    const breaker = createBreaker()
    judge(breaker, 'ana', 'a', start)
    expect(judge(breaker, 'ana', 'a', start - 86_400_000)).toEqual({ kind: 'believed' })
    refuse(breaker, 8, start)
    expect(judge(breaker, 'person 0', '0/0', start - 86_400_000)).toEqual({ kind: 'believed' })
  })
})

it('HLD-05 HLD-03 a breaker forgets refusals that were noted by a clock that was ahead', () => {
  const breaker = createBreaker()
  const ahead = start + 60 * minute
  const judge = (person: number, now: number) =>
    breaker.judgeRefusal({ person: `person ${person}`, tokens: `${person}`, until: now + 60 * minute }, now)
  for (let person = 0; person < 5; person += 1) judge(person, ahead)
  expect(judge(0, ahead)).toEqual({ kind: 'outage' })
  expect(judge(0, start)).toEqual({ kind: 'believed' })
  expect(judge(9, ahead)).toMatchObject({ kind: 'unconfirmed' })
})

describe.each(engines)('a refusal of %s', (_, create) => {
  it('HLD-03 that an outage makes ends no session, in a process that has just begun as well', async () => {
    const engine = await create()
    engine.travel(dueSeconds)
    engine.script.onAnswer = () => Response.json({ error: 'invalid_grant' }, { status: 401 })
    expect(await engine.visit(engine.twin())).toMatchObject({ state: 'active', degraded: true })
    engine.travel(30)
    engine.script.onAnswer = (answer) => answer
    expect(engine.events.some(({ type }) => type === 'session.ended')).toBe(false)
  })
})

describe('sixteen sessions of one person', () => {
  it('HLD-03 that were revoked keep no other person’s revoked session alive', async () => {
    const place = createPlace({ oidc: { refresh: { afterSeconds: 60 } } })
    const revoked = new Set<string>()
    place.script.expiresIn = 7200
    let serial = 0
    place.script.onToken = (form) => {
      const given = form.get('refresh_token')
      const { sub, sid } = place.script
      if (given !== null && revoked.has(given.split('/')[0] ?? '')) {
        return Response.json({ error: 'invalid_grant' }, { status: 400 })
      }
      serial += 1
      const idToken = place.idToken({ nonce: place.asked.at(-1)?.get('nonce') })
      return Response.json({
        access_token: `a${serial}`,
        token_type: 'Bearer',
        expires_in: 7200,
        refresh_token: given ?? `${sub}/${sid}`,
        ...(given === null ? { id_token: idToken } : {}),
      })
    }
    const login = async (sub: string, sid: string) => {
      Object.assign(place.script, { sub, sid })
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      return browser
    }
    const others = []
    for (let count = 0; count < 16; count += 1) others.push(await login('mallory', `m${count}`))
    const ana = await login('ana', 'a1')
    place.travel(61)
    revoked.add('mallory').add('ana')
    for (const browser of others) await place.state(browser)
    expect(await place.state(ana)).toMatchObject({ state: 'active', degraded: true })
    for (let step = 0; step < 6; step += 1) {
      place.travel(10)
      for (const browser of others) await place.state(browser)
    }
    expect(await place.state(ana)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it('HLD-03 ends at once where another person’s renewal shows that the provider is well', async () => {
    const place = createPlace({ oidc: { refresh: { afterSeconds: 60 } } })
    let refused = ''
    place.script.onToken = (form) =>
      form.get('refresh_token') === refused
        ? Response.json({ error: 'invalid_grant' }, { status: 400 })
        : undefined
    const browsers = []
    for (const sub of ['ana', 'ben']) {
      place.script.sub = sub
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      browsers.push(browser)
    }
    const [ana, ben] = browsers as [(typeof browsers)[0], (typeof browsers)[0]]
    place.travel(61)
    refused = 'refresh-2'
    await ana.open(`${home}/private`)
    expect(await place.state(ana)).toMatchObject({ state: 'active', degraded: true })
    place.travel(1)
    await ben.open(`${home}/private`)
    expect(await place.state(ben)).toMatchObject({ state: 'active', degraded: false })
    place.travel(6)
    await ana.open(`${home}/private`)
    expect(await place.state(ana)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })
})
