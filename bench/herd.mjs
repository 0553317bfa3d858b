/** @module The herd: many parallel requests of one person over several processes, in the moment when a refresh is due. */
import { createEmulator } from 'citizen-session/emulator'
import { startChild } from './child.mjs'
import { browserHeaders } from './issuer.mjs'
import { openLoad, requestText } from './load.mjs'

const processes = 4
const connectionsOfEach = 25
/** More than half of the token's life of 30 minutes. */
const aboutToRefresh = 16 * 60

/** How many POSTs reached the identity provider, and how many of the requests were answered with 200. */
export async function runHerd(redisPort) {
  const emulator = await createEmulator({ port: 0 })
  const identityProvider = { url: emulator.url, internalUrl: emulator.internalUrl }
  const children = await Promise.all(
    Array.from({ length: processes }, () => startChild('herd-server.mjs', { identityProvider, redisPort })),
  )
  const ports = await Promise.all(children.map((child) => child.ask('listen')))
  const cookie = await emulator.cookiesFor('ana')
  const request = requestText('/benefits', { ...browserHeaders, cookie })
  const herds = await Promise.all(ports.map((port) => openLoad(port, request, connectionsOfEach)))

  // Each process has met the session before, so that nothing but the refresh is new.
  for (const herd of herds) await herd.once(1)
  const before = emulator.requests.refresh
  emulator.travel(aboutToRefresh)
  await Promise.all(children.map((child) => child.ask('travel', aboutToRefresh)))
  // So slow that everybody arrives while the answer is on its way.
  emulator.faults.set({ slowMilliseconds: 200 })
  const answers = (await Promise.all(herds.map((herd) => herd.once(connectionsOfEach)))).flat()
  const result = {
    processes,
    requests: answers.length,
    posts: emulator.requests.refresh - before,
    served: answers.filter((text) => text.startsWith('HTTP/1.1 200 ')).length,
    renewed: answers.filter((text) => /\r\nset-cookie: c1_payload=[^;\r]{20}/i.test(text)).length,
  }
  for (const herd of herds) herd.close()
  await Promise.all(children.map((child) => child.close()))
  await emulator.close()
  return result
}
