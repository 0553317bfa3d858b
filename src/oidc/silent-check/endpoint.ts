/** @module `GET reauthenticate`: the silent check (`prompt=none`), in our frame and at top level, and its own answer. */
import { queryOf } from '../../login/login-request.js'
import { refuseForeign } from '../../login/refuse-foreign.js'
import { renderScriptedPage } from '../../pages/scripted-page.js'
import type { ProtocolEndpoint } from '../../protocols/protocol.js'
import { isSameOriginPost } from '../../sessions/activity.js'
import { maximumAnswerLength } from '../authorization-answer.js'
import { fragmentScript } from '../check-session-script.js'
import type { OidcContext } from '../context.js'
import { routeOf } from '../routes.js'
import { beginCheck } from './begin.js'
import { concludeCheck } from './conclude.js'
import type { CheckTransaction, SilentCheckContext } from './context.js'

/** Makes the endpoint. */
export function createSilentCheck(plugin: OidcContext): ProtocolEndpoint {
  const { host, options } = plugin
  const route = routeOf(options.name, 'reauthenticate')
  const { application, routes } = host.options
  const context: SilentCheckContext = {
    ...plugin,
    transactions: host.transactions<CheckTransaction>('check'),
    redirectUri: host.address(route),
  }
  return {
    GET(exchange) {
      const query = queryOf(exchange)
      if (query.has('begin')) return beginCheck(context, exchange, query)
      if (query.has('state') || query.has('error')) return concludeCheck(context, exchange, query)
      return renderScriptedPage({
        title: application.name,
        script: fragmentScript,
        values: { action: `${routes.path}/${route}` },
      })
    },

    async POST(exchange) {
      if (!isSameOriginPost(exchange, application.url)) {
        const detail = 'only our own page hands on an answer'
        return refuseForeign(host.pages, exchange, { reason: 'origin', detail })
      }
      return concludeCheck(context, exchange, await exchange.form(maximumAnswerLength))
    },
  }
}
