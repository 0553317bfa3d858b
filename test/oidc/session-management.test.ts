/** @module The setting that has the browser client watch the provider's session: what the status document says of it. */
import { expect, it } from 'vitest'
import { createOidcWorld, type OidcWorld, urlOf } from './world.js'

const enabled = { oidc: { sessionManagement: { enabled: true } } }
const statusOf = async (browser: ReturnType<OidcWorld['browser']>, name: string) =>
  (await (await browser.fetch(`${urlOf(name)}/session/status`)).json()) as {
    readonly frame: string | null
    readonly session: { readonly publicId: string } | null
  }

it('SES-01 names the frame to a page while the session lives, with the setting and not without it', async () => {
  const world = await createOidcWorld({ benefits: enabled, permits: {} })
  const browser = world.browser()
  expect((await statusOf(browser, 'benefits')).frame).toBeNull()
  await world.signIn(browser, 'benefits')
  const { frame, session } = await statusOf(browser, 'benefits')
  expect(frame).toBe(`/session/check-session#${session?.publicId}`)
  expect((await browser.fetch(new URL(frame ?? '', urlOf('benefits')).href)).status).toBe(200)
  await world.signIn(browser, 'permits')
  expect(await statusOf(browser, 'permits')).toMatchObject({
    frame: null,
    session: { publicId: expect.any(String) },
  })
  await browser.fetch(`${urlOf('benefits')}/session/logout`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  expect((await statusOf(browser, 'benefits')).frame).toBeNull()
})

it('SES-01 names the frame of the provider that the session began at, below its name', async () => {
  const at = (route: string) => `${urlOf('benefits')}/session/adfs/${route}`
  const world = await createOidcWorld({
    benefits: {
      oidc: { ...enabled.oidc, name: 'adfs' },
      client: { redirect_uris: [at('callback'), at('reauthenticate')] },
    },
  })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  expect((await statusOf(browser, 'benefits')).frame).toMatch(/^\/session\/adfs\/check-session#./)
})

it.each([
  ['sends no session_state', true],
  ['sends no session_state', false],
])('a provider that %s is told of once where the setting asks for it (%s)', async (words, isEnabled) => {
  const world = await createOidcWorld({
    benefits: {
      oidc: { sessionManagement: { enabled: isEnabled } },
      client: { performSessionStatusNotification: false },
    },
  })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  for (const _time of [1, 2]) {
    const page = await (await browser.fetch(`${urlOf('benefits')}/session/check-session`)).text()
    expect(page).toContain(words)
  }
  const said = world.party('benefits').events.filter((event) => event.type === 'warning')
  expect(said.map(({ code }) => code)).toEqual(isEnabled ? ['oidc-session-not-watched'] : [])
})
