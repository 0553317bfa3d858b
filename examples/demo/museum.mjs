/** @module Museum: an Express application that signs in by OpenID Connect and reads no shared cookie. */
import { citizenSession } from 'citizen-session/express'
import { oidc } from 'citizen-session/oidc'
import { createExpressPages } from './express-pages.mjs'
import { createPages } from './pages.mjs'

const [clientId, clientSecret] = ['museum', 'the secret of the museum']

/** What is registered at the provider: `citizen-session registration --openid` prints the same. */
export function museumClient(url) {
  const at = (route) => `${url}/session/${route}`
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [at('callback'), at('reauthenticate')],
    post_logout_redirect_uris: [at('return')],
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
    performSessionStatusNotification: true,
  }
}

/** @param {import('./pages.mjs').Parts} parts */
export function createMuseum(parts) {
  const { settings, show } = createPages(parts)
  const { identityProvider, desk } = parts
  const { application, header, profile, store, clock, onEvent } = settings
  const sessionWith = (followIdentity) =>
    citizenSession({
      application,
      header: { ...header, domain: 'citizen.localhost' },
      profile,
      store,
      clock,
      onEvent,
      protocols: [
        oidc({
          issuer: identityProvider.url,
          internalUrl: identityProvider.internalUrl,
          clientId,
          clientSecret,
          scope: 'openid offline_access',
          clockSkewSeconds: identityProvider.clockSkewSeconds,
          stepUpAcrValues: ['urn:emulator:did', 'urn:emulator:mfa'],
          // `client.js` shows the frame by itself. It asks more often than needed, for whoever watches.
          sessionManagement: { enabled: true, followIdentity, pollSeconds: 2 },
        }),
      ],
    })
  // The two ways after somebody else has signed in at the provider, so that both can be seen: an application has one.
  const asking = sessionWith(false)
  const following = sessionWith(true)
  const session = (req, res, next) => (desk.followsIdentity() ? following : asking)(req, res, next)
  const suites = [asking.suite, following.suite]
  const all = (work) => Promise.all(suites.map(work))
  return {
    listener: createExpressPages(parts, show, session),
    suite: {
      ready: () => all((suite) => suite.ready()),
      close: () => all((suite) => suite.close()),
      sessions: asking.suite.sessions,
    },
  }
}
