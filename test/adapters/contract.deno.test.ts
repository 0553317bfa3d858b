/** @module The adapter contract on Deno, by the fetch adapter. */
import { describeAdapter } from '../contracts/adapter.js'
import { startOn } from './runtimes/harness.js'

describeAdapter({ name: 'Hono on Deno', start: () => startOn('deno') })
