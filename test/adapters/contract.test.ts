/** @module The adapter contract on every framework that runs in this process. */
import { createRequire } from 'node:module'
import { getRequestListener } from '@hono/node-server'
import Koa from 'koa'
import { describeAdapter } from '../contracts/adapter.js'
import { expressApplication } from './applications/express.js'
import { honoApplication } from './applications/hono.js'
import { startInProcess } from './applications/in-process.js'
import { koaApplication } from './applications/koa.js'
import { expressVersions } from './site.js'

/** The two versions of Koa, under the types of the newer one. */
const koaVersions: readonly (readonly [name: string, framework: typeof Koa])[] = [
  ['Koa 3', Koa],
  ['Koa 2', createRequire(import.meta.url)('koa2') as typeof Koa],
]

for (const [name, framework] of expressVersions) {
  describeAdapter({ name, start: () => startInProcess((suites) => expressApplication(framework, suites)) })
}
for (const [name, framework] of koaVersions) {
  describeAdapter({ name, start: () => startInProcess((suites) => koaApplication(framework, suites)) })
}
describeAdapter({
  name: 'Hono',
  start: () => startInProcess((suites) => getRequestListener(honoApplication(suites))),
})
