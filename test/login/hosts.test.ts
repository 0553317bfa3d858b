import { describe, expect, it } from 'vitest'
import { createOidcWorld } from '../oidc/world.js'
import { createSamlWorld } from '../saml/world.js'
import { createWorld } from '../support/world.js'

const both = { given: 'www.benefits.example', expected: 'benefits.example' }

describe('the event of a login that comes back without its cookie names both hosts', () => {
  it('by the shared cookie', async () => {
    const world = await createWorld()
    const { url, events } = world.application('benefits')
    const { host } = new URL(url)
    const began = await world.browser().open(`${url}/session/login`, { headers: { host: `www.${host}` } })
    const back = new URL(began.url).searchParams.get('returnTo') ?? ''
    await world.browser().open(back, { headers: { host } })
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'token.rejected',
        problem: 'no-state',
        given: `www.${host}`,
        expected: host,
      }),
    )
  })

  it('by OpenID Connect', async () => {
    const world = await createOidcWorld()
    const { url, events } = world.party('benefits')
    await world.browser().open(`${url}/session/login`, { headers: { host: both.given } })
    const pushed = world.called.map(({ body }) => new URLSearchParams(body).get('state'))
    const state = pushed.find((each) => each !== null)
    expect(state).toEqual(expect.any(String))
    await world
      .browser()
      .open(`${url}/session/callback?state=${state}&code=x`, { headers: { host: both.expected } })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'no-state', ...both }),
    )
  })

  it('by SAML', async () => {
    const world = await createSamlWorld()
    const { url, events } = world.party('benefits')
    const began = await world.browser().open(`${url}/session/login`, { headers: { host: both.given } })
    const state = began.path
      .map((each) => new URL(each).searchParams.get('RelayState'))
      .find((each) => each !== null)
    expect(state).toEqual(expect.any(String))
    const another = world.browser()
    const answered = await another.post(
      `${url}/session/saml/acs`,
      { SAMLResponse: Buffer.from('<a/>').toString('base64'), RelayState: state ?? '' },
      { headers: { host: both.expected } },
    )
    const fields: Record<string, string> = {}
    for (const [, name = '', value = ''] of answered.body.matchAll(/name="([^"]*)" value="([^"]*)"/g)) {
      fields[name] = value
    }
    const page = await another.post(`${url}/session/saml/acs`, fields, { headers: { host: both.expected } })
    expect(page.status).toBe(400)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'saml unsolicited', ...both }),
    )
  })
})
