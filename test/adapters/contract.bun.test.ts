/** @module The adapter contract on Bun, by the fetch adapter. */
import { describeAdapter } from '../contracts/adapter.js'
import { startOn } from './runtimes/harness.js'

describeAdapter({ name: 'Hono on Bun', start: () => startOn('bun') })
