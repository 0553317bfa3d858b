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

describe('onSignIn', () => {
  it('is called once for a session, before anything of it is answered', async () => {
    const called: string[] = []
    let finish = () => {}
    const loading = new Promise<void>((resolve) => {
      finish = resolve
    })
    const world = await createWorld({
      applications: {
        benefits: {
          onSignIn: async (citizen) => {
            called.push(citizen.claims.sub)
            await loading
          },
        },
      },
    })
    const cookie = await world.emulator.cookiesFor('ana')
    const ask = () =>
      world
        .application('benefits')
        .handle(new Request('https://benefits.citizen.example/private', { headers: { cookie } }))
    const answered: number[] = []
    const requests = Array.from({ length: 6 }, () => ask().then((response) => answered.push(response.status)))
    expect(answered).toEqual([])
    finish()
    await Promise.all(requests)
    expect(called).toHaveLength(1)
    expect(answered).toEqual(Array(6).fill(200))
    expect((await ask()).status).toBe(200)
    expect(called).toHaveLength(1)
  })

  it('fails the requests of the session while it fails, and is tried again', async () => {
    let isDown = true
    const world = await createWorld({
      applications: {
        benefits: {
          onSignIn: () => {
            if (isDown) throw new Error('no users today')
          },
        },
      },
    })
    const cookie = await world.emulator.cookiesFor('ana')
    const ask = () =>
      world
        .application('benefits')
        .handle(new Request('https://benefits.citizen.example/private', { headers: { cookie } }))
    await expect(ask()).rejects.toThrow('no users today')
    await expect(ask()).rejects.toThrow('no users today')
    isDown = false
    expect((await ask()).status).toBe(200)
  })
})
