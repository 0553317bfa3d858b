/** @module The modules for relying parties of the OpenID certification, on the package as users install it. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import type { Product } from '../oidc/conformance/place.js'
import { runModules } from '../oidc/conformance/run-modules.js'
import { type Consumer, createConsumer, peers } from './consumer.js'

let consumer: Consumer
let product: Product

beforeAll(async () => {
  consumer = await createConsumer(peers().filter((name) => name !== 'next'))
  const load = (path: string) => {
    const file = join(consumer.folder, 'node_modules/citizen-session/dist', path)
    return import(/* @vite-ignore */ pathToFileURL(file).href)
  }
  const [express, fetch, { oidc }, { memoryStore }] = await Promise.all(
    ['adapters/express.js', 'adapters/fetch.js', 'src/oidc/oidc.js', 'src/index.js'].map(load),
  )
  product = { express, fetch, oidc, memoryStore }
})
afterAll(() => consumer.remove())

runModules(() => product)
