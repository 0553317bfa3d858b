/** @module Rules of the application that answer yes or no about a request, asked while nothing can be waited for. */
import type { Report } from './events.js'
import type { Exchange } from './exchange.js'
import { dropRejection } from './misuse.js'
import { asReceived } from './public-path.js'

/**
 * A rule of the application of which only `true` is a yes. A promise would count as one whatever it says: it does not,
 * what it rejects with is dropped, and the developer is warned once. The same for any other answer than a boolean.
 */
export function onlyTrue(
  path: string,
  rule: (exchange: Exchange) => unknown,
  report: Report,
): (exchange: Exchange) => boolean {
  let isWarned = false
  return (exchange) => {
    const answer = rule(asReceived(exchange))
    if (typeof answer === 'boolean') return answer
    dropRejection(answer)
    if (!isWarned) {
      isWarned = true
      const kind = answer instanceof Promise ? 'a promise' : `a value of the type ${typeof answer}`
      const message = `${path} answers ${kind}, which does not count as yes: let it return true or false at once`
      report({ type: 'warning', code: 'not-a-boolean', message })
    }
    return false
  }
}
