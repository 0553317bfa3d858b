/** @module An index key that a real failover of a Cluster has lost, while the record on another master stays. */
import { expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import { personOf } from '../../src/sessions/record.js'
import { createBrowser, type Site } from '../support/browser.js'
import { startCluster, until } from '../support/redis.js'
import { issuer, providerSite, scriptedProtocol, sidPointer } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const url = 'https://benefits.example'

it('HLD-26 a logout by `sid` alone that met no index key after a failover ends the session with its next touch, and no earlier', async () => {
  const setup = await startCluster({ replicas: 1 })
  let now = Date.UTC(2026, 0, 15, 12, 0, 0)
  const clock = () => now
  const store = openRedisStore(setup.url, { clock, deadlineMilliseconds: 2000 })
  const scripted = scriptedProtocol()
  const suite = createSuite(
    {
      application: {
        id: 'benefits',
        url,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
      },
      protocols: [scripted.protocol],
      store,
      clock,
      onEvent: () => undefined,
    },
    {},
  )
  try {
    await suite.ready()
    const sites = new Map<string, Site>([
      [url, (request) => serve(suite, request)],
      [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
    ])
    const browser = createBrowser(sites)
    const page = () => shown(browser.fetch(`${url}/open`))
    // A name whose index key lies on another master than the records of the person.
    const ofRecord = await setup.masterOf(`citizen:{${personOf(issuer, 'ana')}}`)
    const keyOf = (sid: string) => `citizen:pointer:${sidPointer(sid).key}`
    let sid = ''
    for (let count = 0; sid === '' || (await setup.masterOf(keyOf(sid))) === ofRecord; count += 1)
      sid = `sid-${count}`
    const ofIndex = await setup.masterOf(keyOf(sid))
    const replica = setup.replicas[setup.masters.indexOf(ofIndex)]
    // Its replica is not told of the index key any more: not even by what its connection still holds.
    replica?.pause()
    await ofIndex.command('CLIENT', 'KILL', 'TYPE', 'replica')
    scripted.script.sid = sid
    await browser.open(`${url}/session/login?returnTo=/private`)
    expect((await page()).state).toBe('active')
    expect(await ofIndex.command('EXISTS', keyOf(sid))).toBe(1)
    await ofIndex.kill()
    replica?.resume()
    const revoke = () =>
      scripted.host().sessions.revokeByIndex([sidPointer(sid)], { issuer, sessionValue: sid }, 'signed-out')
    let outcome: Awaited<ReturnType<typeof revoke>> | undefined
    await until(async () => {
      outcome = await revoke()
      return true
    }, 'the replica to be promoted')
    expect(outcome).toMatchObject({ persons: 0, ended: 0 })
    // Within the time for which no touch is written the record alone is read.
    now += 1000
    expect((await page()).state).toBe('active')
    now += 30_000
    // The client may still ask a server that is no more.
    let last: Awaited<ReturnType<typeof page>> | undefined
    await until(async () => {
      last = await page()
      return last.state !== 'unavailable'
    }, 'the store to answer')
    expect(last).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  } finally {
    await suite.close()
    await store.close()
    await setup.close()
  }
})
