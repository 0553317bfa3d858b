import { describe, expect, it } from 'vitest'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld({ suite: { application: { idleSeconds: 600, absoluteSeconds: 660 } } })

describe('near the absolute limit', () => {
  it('the warning says that nothing extends the session, and is put away in all tabs by one', async () => {
    const one = await world.tab()
    await world.travel(0)
    await signIn(one, `${world.site.url}/private?data-warn-seconds=60`)
    const other = await world.tab('/open?data-warn-seconds=60')
    for (const tab of [one, other]) await snapshotOf(tab)
    await world.travel(545)
    await dialogOf(one).getByText('Stay signed in').click()
    for (const tab of [one, other]) await dialogOf(tab).waitFor({ state: 'detached' })
    await world.travel(70)
    for (const tab of [one, other]) {
      await dialogOf(tab)
        .getByText(/^Your session ends in \d+ seconds\. Please save your work\.$/)
        .waitFor()
      expect(await dialogOf(tab).getByRole('button').allTextContents()).toEqual(['Close', 'Sign out'])
    }
    await dialogOf(other).getByText('Close').click()
    for (const tab of [one, other]) await dialogOf(tab).waitFor({ state: 'detached' })
    await one.waitForTimeout(2500)
    for (const tab of [one, other]) {
      expect(await dialogOf(tab).count()).toBe(0)
      expect(await snapshotOf(tab)).toMatchObject({ state: 'warning' })
    }
    await world.travel(60)
    for (const tab of [one, other]) await tab.waitForURL((url) => url.pathname === '/session/login')
    expect(await one.textContent('main')).toContain('Sign in')
  })

  it('the dialog becomes another where staying does not help any more', async () => {
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private?data-warn-seconds=200`)
    await snapshotOf(page)
    await world.travel(500)
    await dialogOf(page).getByText('Stay signed in').click()
    await dialogOf(page)
      .getByText(/^Your session ends in/)
      .waitFor()
    expect(await dialogOf(page).getByRole('button').allTextContents()).toEqual(['Close', 'Sign out'])
  })
})
