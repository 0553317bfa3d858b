import { expect, it } from 'vitest'
import { openRawTabs, type RawTab } from './hidden-tab.js'
import { setUpWorld } from './world.js'

// As in a browser that people use, but without the five minutes before it begins.
const world = setUpWorld({
  suite: { application: { idleSeconds: 40 } },
  ignoreDefaultArgs: [
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
  ],
  args: [
    '--intensive-wake-up-throttling-policy=force-enable',
    '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/3',
  ],
})

async function signIn(tab: RawTab): Promise<void> {
  const see = (expression: string) => expect.poll(() => tab.evaluate(expression), { timeout: 10_000 })
  await see(`document.querySelector('#username') !== null`).toBe(true)
  await tab.evaluate(`{
    document.querySelector('#username').value = 'ana'
    document.querySelector('#password').value = 'ana-password'
    document.querySelector('#password').form.requestSubmit()
  }`)
  await see('globalThis.citizenSession?.client.snapshot.state').toBe('active')
}

/** A tab that notes when its session should end and when it did, behind another one. */
async function hiddenTab(query: string): Promise<RawTab> {
  const open = await openRawTabs(world.browser)
  const tab = await open(`${world.site.url}/private${query}`)
  await signIn(tab)
  await tab.evaluate(`{
    globalThis.ticks = 0
    const tick = () => setTimeout(() => { ticks += 1; tick() }, 100)
    tick()
    addEventListener('citizen', () => {
      const { state, status } = citizenSession.client.snapshot
      if (state === 'ended') sessionStorage.setItem('ended', Date.now())
      else sessionStorage.setItem('end', Date.now() + status.session.idleEndsAt - status.now)
    })
  }`)
  await tab.evaluate('citizenSession.client.check()')
  await open('about:blank')
  await expect.poll(() => tab.evaluate('document.visibilityState')).toBe('hidden')
  return tab
}

it('hidden tabs are covered in time though their timers are held back, and their questions extend nothing', {
  timeout: 90_000,
}, async () => {
  const quiet = await hiddenTab('')
  const asking = await hiddenTab('?data-poll-seconds=2')
  const tabs = [quiet, asking]
  const { length } = world.site.requests
  await new Promise((resolve) => setTimeout(resolve, 15_000))
  const before = Number(await quiet.evaluate('ticks'))
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  // The witness: a page's own timers of a tenth of a second hardly run.
  expect(Number(await quiet.evaluate('ticks')) - before).toBeLessThanOrEqual(1)
  for (const tab of tabs) {
    await expect
      .poll(() => tab.evaluate(`sessionStorage.getItem('ended')`), { timeout: 30_000, interval: 500 })
      .not.toBeNull()
    const late = await tab.evaluate(`sessionStorage.getItem('ended') - sessionStorage.getItem('end')`)
    expect(Number(late)).toBeLessThan(2500)
    await expect.poll(() => tab.evaluate('location.pathname')).toBe('/session/login')
  }
  const since = world.site.requests.slice(length)
  expect(since.filter((request) => request === 'GET /session/status').length).toBeGreaterThan(8)
  expect(since).not.toContain('POST /session/extend')
})
