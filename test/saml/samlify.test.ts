import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { saml } from '../../src/saml/saml.js'
import { createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import { idp as entityID } from './provider.js'
import { createSamlify, type SamlifyChoice } from './samlify.js'
import { keyOf, urlOf } from './world.js'

const origin = new URL(entityID).origin
const url = urlOf('benefits')
const cbc = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'

/** samlify as the identity provider of an application, at its own address. */
async function createPeers(choice: SamlifyChoice) {
  const { idp, register, requests, answers, site } = createSamlify(entityID, `${url}/session/saml/`, choice)
  const suite = createSuite(
    {
      application: {
        id: 'benefits',
        url,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
      },
      protocols: [
        saml({
          identityProvider: entityID,
          metadata: idp.getMetadata(),
          signInBinding: choice.binding,
          ...keyOf('benefits'),
        }),
      ],
      store: memoryStore(),
    },
    {},
  )
  const ours = await serve(suite, new Request(`${url}/session/saml/metadata`))
  const sp = register(await ours.text())
  const sites = new Map<string, Site>([
    [origin, site],
    [url, (request) => serve(suite, request)],
  ])
  const browser = createBrowser(sites)
  const follow = async (visit: Visit): Promise<Visit> => {
    let current = visit
    while (/\bsubmit\b/.test(current.body)) current = await browser.press(current, /./)
    return current
  }
  const signIn = async () => follow(await browser.open(`${url}/session/login?returnTo=/private`))
  return { idp, sp, suite, browser, requests, answers, follow, signIn }
}

describe('samlify as the identity provider', () => {
  it.each<SamlifyChoice>([
    { binding: 'redirect' },
    { binding: 'post' },
    { binding: 'post', signsMessage: true },
    { binding: 'redirect', encrypts: true },
    { binding: 'redirect', encrypts: true, cipher: cbc, signsMessage: true },
  ])('signs in, and out again from our side: %j', async (choice) => {
    const { browser, requests, signIn, follow } = await createPeers(choice)
    const visit = await signIn()
    expect(visit).toMatchObject({ url: `${url}/private`, status: 200 })
    expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ state: 'active', sub: 'ana' })
    const done = await follow(await browser.post(`${url}/session/logout`))
    expect(done.body).toContain('You are signed out here and at the sign-in service.')
    expect(requests).toEqual(['login true', 'logout ana "_samlify1"'])
  })

  it.each(['redirect', 'post'] as const)(
    'ends the session here by %s, and takes our answer',
    async (binding) => {
      const { idp, sp, browser, answers, signIn, follow } = await createPeers({ binding })
      await signIn()
      const user = { logoutNameID: 'ana', sessionIndex: '_samlify1' }
      const relayState = 'of samlify'
      const request = idp.createLogoutRequest(sp, binding, user, { relayState })
      const visit =
        binding === 'redirect'
          ? await browser.open(request.context, { from: origin })
          : await follow(
              await browser.post(
                `${url}/session/saml/slo`,
                { SAMLRequest: request.context, RelayState: relayState },
                { from: origin },
              ),
            )
      expect(visit.body).toBe('Done.')
      expect(answers).toEqual([[request.id, relayState]])
      expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ state: 'anonymous' })
    },
  )
})
