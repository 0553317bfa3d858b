/** @module The adapter contract on Next.js, built and started for real: by its route handlers alone, and behind its proxy. */
import { describeAdapter } from '../contracts/adapter.js'
import type { AdapterHarness } from '../contracts/adapter-harness.js'
import { buildNext, installExample, type NextBuild, startNext } from './next-site.js'

const start = (build: NextBuild): AdapterHarness['start'] => {
  return async () => {
    await installExample()
    const site = await startNext(await buildNext(build), build)
    return {
      port: site.port,
      url: site.url,
      emulator: site.emulator,
      travel: site.travel,
      failStore: (isFailing) => site.setStore(isFailing ? 'down' : 'up'),
      stop: site.close,
    }
  }
}

const errors =
  'Next.js answers what a route handler throws by itself, without headers of ours; a logout has ended the session all the same'
const everywhere = {
  'responses of the application carry the cookies of a logout by hand also when an error comes after it':
    errors,
  'our own routes end where our path ends: 404 for others below it, 405 with the methods that there are':
    'Next.js answers the methods that a route file does not export by itself',
  'our own routes FLD-01 are found by a request line with a whole address, by its path only':
    'Next.js takes the slashes of a whole address for one too many in a path, and answers with a redirect to it',
}

describeAdapter({
  name: 'Next.js 16 without a proxy',
  start: start({ name: 'without-proxy', hasProxy: false, cacheComponents: false }),
  exceptions: {
    ...everywhere,
    'responses of the application to errors are 500, with our cookies, and out of caches': errors,
  },
})
describeAdapter({
  name: 'Next.js 16 with a proxy',
  start: start({ name: 'with-proxy', hasProxy: true, cacheComponents: true }),
  exceptions: {
    ...everywhere,
    'responses of the application keep all their cookies beside ours, each in a line of its own, and out of caches':
      'a proxy cannot take a header away from a handler, so CDN-Cache-Control says no-store instead of nothing',
  },
})
