import { describe, expect, it } from 'vitest'
import { createWorld } from '../support/world.js'

describe('signing in', () => {
  it('leads through the provider and back to where the person wanted to go', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const page = await browser.open('https://benefits.citizen.example/private')
    expect(page.status).toBe(200)
    expect(JSON.parse(page.body)).toMatchObject({ state: 'active', degraded: false })
  })
  it('is known at the sibling, and out everywhere after one logout', async () => {
    const world = await createWorld({
      applications: { benefits: {}, library: { application: { sensitivity: 'public' } } },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const library = await browser.open('https://library.citizen.example/private')
    expect(library.status).toBe(200)
    expect(library.path).toHaveLength(1)
    const confirm = await browser.open('https://benefits.citizen.example/session/logout')
    const receipt = await browser.press(confirm, 'Sign out everywhere')
    expect(receipt.url).toContain('https://benefits.citizen.example/session/return?state=')
    expect(receipt.body).toContain('You are signed out of all applications')
    expect(await browser.cookieNames('https://benefits.citizen.example')).toEqual([])
    const after = await browser.open('https://library.citizen.example/open')
    expect(JSON.parse(after.body)).toMatchObject({ state: 'anonymous' })
    expect(world.emulator.sessions).toHaveLength(0)
  })
})
