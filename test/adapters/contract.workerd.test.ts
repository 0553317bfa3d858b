/** @module The adapter contract on workerd, by the fetch adapter. */
import { describeAdapter } from '../contracts/adapter.js'
import { startOn } from './runtimes/harness.js'

describeAdapter({
  name: 'Hono on workerd',
  start: () => startOn('workerd'),
  exceptions: {
    'who is there is the person also where cookies come in several lines':
      'workerd joins them by a comma, which is part of a value; no browser sends several (RFC 6265, section 5.4)',
  },
})
