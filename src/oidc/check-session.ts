/** @module `GET check-session`: our frame, which watches the provider's session through the provider's own frame. */
import type { Exchange, Reply } from '../exchange.js'
import { renderScriptedPage } from '../pages/scripted-page.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import { publicIdOf } from '../sessions/record.js'
import { checkSessionScript } from './check-session-script.js'
import type { OidcContext } from './context.js'
import { routeOf } from './routes.js'
import { parseTokens } from './tokens.js'

/** After an `error` of the provider's frame, or none of its words at all. */
const backOffMilliseconds = 60_000

/** Makes the endpoint. Without a session, or without the provider's frame, the page is there and does nothing. */
export function createCheckSession({ options, host, provider }: OidcContext): ProtocolEndpoint {
  const { routes, application } = host.options

  const idle = (reason: string): Reply =>
    renderScriptedPage({ title: reason, script: "'use strict'", values: { reason } })
  let isTold = false
  /** Somebody relies on it: that nothing is watched is said, once. */
  const idleWithout = (what: string): Reply => {
    if (options.sessionManagement.enabled && !isTold) {
      isTold = true
      const message = `sessionManagement.enabled: the provider's session is not watched, for the provider ${what}; switch its session status on for this client, or leave the option out`
      host.report({ type: 'warning', code: 'oidc-session-not-watched', message })
    }
    return idle(`the provider ${what}`)
  }

  return {
    async GET(exchange: Exchange) {
      const session = await host.sessions.current(exchange)
      const sessionState = parseTokens(session?.tokens)?.sessionState
      if (session === undefined) return idle('no session to watch')
      if (sessionState === undefined) return idleWithout('sends no session_state')
      const frame = (await provider.connect()).metadata.checkSessionIframe
      if (frame === undefined) return idleWithout('has no check_session_iframe')
      const { origin } = new URL(frame)
      const again = `${routes.path}/${routeOf(options.name, 'reauthenticate')}?begin=`
      return renderScriptedPage({
        title: 'Session status',
        script: checkSessionScript,
        // A silent check in a frame goes to the provider as well.
        frames: [...new Set([origin, new URL(options.issuer).origin, ...options.endpointOrigins])],
        values: {
          application: application.id,
          session: publicIdOf(session.record.generation),
          clientId: options.clientId,
          sessionState,
          frame,
          origin,
          check: `${again}frame`,
          confirm: `${again}top&returnTo=`,
          pollMilliseconds: options.sessionManagement.pollSeconds * 1000,
          timeoutMilliseconds: options.sessionManagement.timeoutSeconds * 1000,
          backOffMilliseconds,
        },
      })
    },
  }
}
