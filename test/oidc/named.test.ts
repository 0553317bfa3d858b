/** @module A provider with a name: its routes, its logouts, its checks lie below the name, and nowhere else. */
import { expect, it } from 'vitest'
import { createOidcWorld, type OidcWorld, stateAt, urlOf } from './world.js'

const at = (route: string) => `${urlOf('benefits')}/session/${route}`

function createPlace(): Promise<OidcWorld> {
  return createOidcWorld({
    benefits: {
      oidc: { name: 'adfs' },
      client: {
        redirect_uris: [at('adfs/callback'), at('adfs/reauthenticate')],
        backchannel_logout_uri: at('adfs/backchannel-logout'),
      },
    },
  })
}

it('signs in at the address of its name', async () => {
  const world = await createPlace()
  const browser = world.browser()
  expect(await world.signIn(browser, 'benefits')).toMatchObject({
    status: 200,
    url: `${urlOf('benefits')}/private`,
  })
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

it('ends by the message that comes to the address of its name', async () => {
  const world = await createPlace()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const jwt = await world.emulator.openid.logoutToken('benefits')
  const post = (route: string) => {
    const body = new URLSearchParams({ logout_token: jwt })
    return world.party('benefits').handle(new Request(at(route), { method: 'POST', body }))
  }
  expect((await post('backchannel-logout')).status).toBe(404)
  expect((await post('adfs/backchannel-logout')).status).toBe(200)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
})

it('checks silently at the address of its name', async () => {
  const world = await createPlace()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const frame = await browser.open(at('adfs/check-session'))
  expect(frame.body).toContain('/session/adfs/reauthenticate?begin=frame')
  const back = await browser.open(at('adfs/reauthenticate?begin=top&returnTo=/private'), {
    from: urlOf('benefits'),
  })
  expect([back.status, back.url]).toEqual([200, `${urlOf('benefits')}/private`])
})

it('sends a form of another site round by the address of its name', async () => {
  const world = await createPlace()
  const answer = await world.party('benefits').handle(
    new Request(at('adfs/callback'), {
      method: 'POST',
      body: new URLSearchParams({ state: 'x', code: 'y' }),
    }),
  )
  expect(await answer.text()).toContain('/session/adfs/callback')
})
