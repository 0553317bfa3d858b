/** @module Instances of applications in a process of their own, each by a list of settings: the built package. */
import { createServer } from 'node:http'
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { openRedisStore } from 'citizen-session/redis'
import express from 'express'
import { WebSocketServer } from 'ws'

/** How each kind of application knows its people. */
const ways = {
  cookie: async ({ provider: { url, internalUrl, domain, clockSkewSeconds } }) => ({
    // By that claim its sessions and those of the protocols are known to be the same.
    identityProvider: { url, internalUrl, clockSkewSeconds, sessionClaim: 'sid' },
    sharedCookie: { domain },
  }),
  oidc: async ({ provider: { url: issuer, internalUrl, clockSkewSeconds }, client }) => {
    const { oidc } = await import('citizen-session/oidc')
    return { protocols: [oidc({ issuer, internalUrl, clockSkewSeconds, ...client })] }
  },
  saml: async ({ saml: options }) => {
    const { saml } = await import('citizen-session/saml')
    return { protocols: [saml(options)] }
  },
}

/** The gate of an application that has one; its keys are those of all instances. */
async function gateOf({ gate }) {
  if (gate === undefined) return {}
  const { createKeyRing, keyFolder } = await import('citizen-session/sso')
  const { secret, policies, folder } = gate
  const keys = createKeyRing({ storage: keyFolder(folder), name: 'gate', rotateEverySeconds: 7_776_000 })
  return { routes: { gate: { secret, policies, cookies: 'numbered', keys } } }
}

const ends = new Map()

async function start(settings) {
  const { application, port, storeUrl, near, provider, kind } = settings
  const of = application.id
  const say = (message) => process.send?.({ of, ...message })
  const auth = citizenSession({
    application,
    ...(await ways[kind](settings)),
    ...(await gateOf(settings)),
    store: openRedisStore(storeUrl, { near, deadlineMilliseconds: 5000 }),
    // What it is given by the token endpoint is told the test, which replays it.
    async fetch(input, init) {
      const answer = await fetch(input, init)
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      if (pathname.endsWith('/token.idp') && answer.ok) say({ tokens: await answer.clone().json() })
      return answer
    },
    onEvent: (event) => say({ event }),
  })
  const app = express()
  app.use(auth)
  app.get('/private', requireCitizen(), ({ citizen }, response) => response.json({ sub: citizen.claims.sub }))

  const server = createServer(app)
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', async (request, socket, head) => {
    const citizen = await auth.upgrade(request, socket)
    if (citizen === undefined) return
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => opened.terminate())
      citizen.ended.addEventListener('abort', () => opened.close(4401, 'session-ended'))
    })
  })
  ends.set(of, (subject) => auth.suite.sessions.endAllOf({ subject, issuer: provider.url }))
  await auth.suite.ready()
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
}

process.on('disconnect', () => process.exit())
process.on('message', async ({ of, endAllOf }) =>
  process.send(endAllOf === undefined ? { isUpToDate: true } : { ended: await ends.get(of)(endAllOf) }),
)
for (const settings of JSON.parse(process.env.CITIZEN_EIGHT_SETTINGS)) await start(settings)
process.send({ isReady: true })
