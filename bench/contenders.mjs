/**
 * @module The contenders: each does the same job, a plain GET of somebody who is signed in, with what it offers.
 *
 * On node:http and Express a row opens into `middleware` (as `app.use` takes it), `personOf(request)`, which every
 * answer is checked by, and for those that keep a session `signIn(request, response)`; elsewhere into what
 * `platforms.mjs` takes there. Packages are loaded by the contender that needs them.
 */

/** What all who look at the shared cookie's token do first. */
async function readCookies() {
  const { default: cookieParser } = await import('cookie-parser')
  return cookieParser()
}

const tokenOf = ({ cookies }) => `${cookies.c1_header}.${cookies.c1_payload}.${cookies.c1_signature}`

const oursOptions = ({ identityProvider }, store) => ({
  identityProvider: { url: identityProvider.url, internalUrl: identityProvider.internalUrl },
  sharedCookie: { domain: 'citizen.localhost' },
  application: {
    id: 'bench',
    url: 'https://bench.citizen.localhost',
    secrets: ['a secret of thirty-two bytes or more'],
  },
  store,
  onEvent: () => undefined,
})

async function ours(setting, store) {
  const { citizenSession, requireCitizen } = await import('citizen-session/express')
  const middleware = citizenSession(oursOptions(setting, store))
  await middleware.suite.ready()
  return {
    middleware: [middleware, requireCitizen()],
    personOf: (request) => request.citizen.claims.sub,
  }
}

/** A session of our own cookie, as OpenID Connect and SAML begin it; the visit to a provider is left out. */
async function oursByProtocol(_setting, store) {
  const { serializeCookie } = await import('citizen-session')
  const { citizenSession, requireCitizen } = await import('citizen-session/express')
  const issuer = 'https://id.example.gov'
  let host
  const protocol = {
    name: 'bench',
    install(given) {
      host = given
      const nowhere = () => {
        throw new TypeError('the benchmark visits no provider')
      }
      return {
        issuer,
        target: issuer,
        formTargets: [],
        endpoints: {},
        startLogin: nowhere,
        endProviderSession: nowhere,
      }
    },
  }
  const { application, onEvent } = oursOptions({ identityProvider: {} })
  const middleware = citizenSession({ application, protocols: [protocol], store, onEvent })
  await middleware.suite.ready()
  const guard = requireCitizen()
  return {
    middleware: [
      middleware,
      (request, response, next) => (request.url === '/sign-in' ? next() : guard(request, response, next)),
    ],
    personOf: (request) => request.citizen.claims.sub,
    async signIn(request, response) {
      const cookies = []
      const exchange = {
        method: 'GET',
        target: request.url,
        header: (name) => request.headers[name],
        setCookie: (cookie) => void cookies.push(serializeCookie(cookie)),
      }
      const subject = request.headers['x-person']
      const now = Date.now()
      const iat = Math.floor(now / 1000)
      await host.sessions.start(exchange, {
        issuer,
        subject,
        indexKeys: [],
        claims: {
          iss: issuer,
          sub: subject,
          iat,
          exp: iat + 3600,
          name: 'Ana Example',
          email: 'ana@example.gov',
        },
        level: 1,
        method: 'password',
        authenticatedAt: now,
        tokens: '{}',
        tokensIssuedAt: now,
        tokensExpireAt: 0,
        since: now,
        askedReauthentication: false,
        mayResume: false,
      })
      response.setHeader('set-cookie', cookies)
    },
  }
}

async function oursOnKoa(setting) {
  const { citizenSession, requireCitizen } = await import('citizen-session/koa')
  const middleware = citizenSession(oursOptions(setting))
  await middleware.suite.ready()
  return {
    middlewareFor: () => [middleware, requireCitizen()],
    personOf: (context) => context.state.citizen.claims.sub,
  }
}

async function oursOnHono(setting) {
  const { citizenSession } = await import('citizen-session/fetch')
  const auth = citizenSession(oursOptions(setting))
  await auth.suite.ready()
  const requireCitizen = auth.requireCitizen()
  const guard = async (context, next) => {
    const refusal = await requireCitizen(context.req.raw)
    if (refusal !== undefined) return refusal
    context.set('citizen', await auth.citizenOf(context.req.raw))
    await next()
  }
  return { wrap: auth.fetch, guard: [guard], personOf: (context) => context.var.citizen.claims.sub }
}

function oursOnNext({ identityProvider }) {
  const environment = {
    BENCH_PROVIDER_URL: identityProvider.url,
    BENCH_PROVIDER_INTERNAL_URL: identityProvider.internalUrl,
  }
  return { path: '/ours', environment }
}

/** Sessions in memory: by default they are in their cookie, where the server cannot end them. */
async function koaSession() {
  const { default: session } = await import('koa-session')
  const sessions = new Map()
  const store = {
    get: (key) => sessions.get(key),
    set: (key, value) => void sessions.set(key, value),
    destroy: (key) => void sessions.delete(key),
  }
  return {
    middlewareFor: (app) => [session({ maxAge: 600_000, store }, app)],
    personOf: (context) => context.session.person,
    signIn(context) {
      context.session.person = context.get('x-person')
    },
  }
}

async function redisClient({ redisPort }) {
  const { Redis } = await import('ioredis')
  return new Redis({ port: redisPort, enableAutoPipelining: true })
}

async function connectRedis(setting) {
  const { RedisStore } = await import('connect-redis')
  return new RedisStore({ client: await redisClient(setting), prefix: `${setting.contender}:` })
}

async function expressSession(store) {
  const { default: session } = await import('express-session')
  return {
    middleware: [
      session({
        secret: 'a secret of thirty-two bytes or more',
        resave: false,
        saveUninitialized: false,
        cookie: { maxAge: 600_000 },
        store,
      }),
    ],
    personOf: (request) => request.session.person,
    signIn(request) {
      request.session.person = request.headers['x-person']
    },
  }
}

/** Both layers by hand: the shared token verified, and a session of the application's own for the same person. */
async function byHand(verify, store) {
  const session = await expressSession(store)
  return {
    ...session,
    middleware: [
      await readCookies(),
      verify,
      ...session.middleware,
      (request, response, next) => {
        if (request.url === '/sign-in' || request.session.person === request.claims.sub) return next()
        response.statusCode = 401
        response.end()
      },
    ],
  }
}

async function fastJwt({ identityProvider }) {
  const { createVerifier } = await import('fast-jwt')
  const verify = createVerifier({
    key: identityProvider.publicKeyPem,
    algorithms: ['RS256'],
    allowedIss: identityProvider.url,
    cache: true,
  })
  return (request, _response, next) => {
    request.claims = verify(tokenOf(request))
    next()
  }
}

async function joseVerification({ identityProvider }) {
  const { createRemoteJWKSet, jwtVerify } = await import('jose')
  const keys = createRemoteJWKSet(new URL(identityProvider.jwks))
  const rules = { issuer: identityProvider.url, algorithms: ['RS256'] }
  return (request, _response, next) => {
    void jwtVerify(tokenOf(request), keys, rules).then(({ payload }) => {
      request.claims = payload
      next()
    }, next)
  }
}

async function expressJwt({ identityProvider }) {
  const { expressjwt } = await import('express-jwt')
  const { default: jwksRsa } = await import('jwks-rsa')
  return expressjwt({
    secret: jwksRsa.expressJwtSecret({ jwksUri: identityProvider.jwks, cache: true, rateLimit: true }),
    algorithms: ['RS256'],
    issuer: identityProvider.url,
    getToken: tokenOf,
  })
}

/** `touches`: writes the session back, which is its only way to keep an idle timer. */
async function ironSession(touches) {
  const { getIronSession } = await import('iron-session')
  const options = { password: 'a password of thirty-two characters or more', cookieName: 'iron', ttl: 600 }
  return {
    middleware: [
      (request, response, next) => {
        void getIronSession(request, response, options).then(async (session) => {
          request.session = session
          if (touches) await session.save()
          next()
        }, next)
      },
    ],
    personOf: (request) => request.session.person,
    async signIn(request) {
      request.session.person = request.headers['x-person']
      await request.session.save()
    },
  }
}

async function openidConnect({ identityProvider, idToken }, store) {
  const { default: library } = await import('express-openid-connect')
  return {
    middleware: [
      library.auth({
        issuerBaseURL: identityProvider.url,
        baseURL: 'http://bench.citizen.localhost',
        clientID: 'bench',
        secret: 'a secret of thirty-two bytes or more',
        authRequired: false,
        ...(store === undefined ? {} : { session: { store } }),
      }),
    ],
    personOf: (request) => (request.oidc.isAuthenticated() ? request.oidc.user.sub : undefined),
    signIn(request) {
      const expires = Math.floor(Date.now() / 1000) + 3600
      Object.assign(request.appSession, { id_token: idToken, token_type: 'Bearer', expires_at: expires })
    },
  }
}

const both = ['node', 'express']
const everywhere = [...both, 'koa', 'hono', 'next']

/** How the bare server and ours open, platform by platform. */
const bareOn = {
  node: () => ({ middleware: [], personOf: ({ expected }) => expected }),
  koa: () => ({ middlewareFor: () => [], personOf: ({ expected }) => expected }),
  hono: () => ({ wrap: (fetch) => fetch, guard: [], personOf: ({ expected }) => expected }),
  next: () => ({ path: '/bare', environment: {} }),
}
bareOn.express = bareOn.node
/** The bare framework with as many layers as ours has: its middleware and a guard, which do nothing here. */
const layersOn = {
  // Node makes the object of headers when somebody first asks for one, as everybody does who looks for a session.
  chain: () => ({
    middleware: [
      (request, _response, next) => request.headers.cookie && next(),
      (_request, _response, next) => next(),
    ],
    personOf: ({ expected }) => expected,
  }),
  express: () => ({
    middleware: [(_request, _response, next) => next(), (_request, _response, next) => next()],
    personOf: ({ expected }) => expected,
  }),
  koa: () => ({
    middlewareFor: () => [(_context, next) => next(), (_context, next) => next()],
    personOf: ({ expected }) => expected,
  }),
  hono: () => ({
    wrap: (fetch) => fetch,
    guard: [(_context, next) => next()],
    personOf: ({ expected }) => expected,
  }),
}
const oursOn = { node: ours, chain: ours, express: ours, koa: oursOnKoa, hono: oursOnHono, next: oursOnNext }

/** `inProcess`: where its own CPU time is measured besides. `packages`: whose versions belong to the result. */
export const contenders = [
  {
    name: 'bare',
    title: 'bare server',
    packages: ['express', 'koa', 'hono', '@hono/node-server'],
    platforms: everywhere,
    inProcess: [...both, 'koa', 'hono'],
    open: (setting) => bareOn[setting.platform](setting),
  },
  {
    name: 'bare-layers',
    title: 'bare server, as many layers',
    packages: [],
    platforms: ['express', 'koa', 'hono'],
    inProcess: ['koa', 'hono'],
    open: (setting) => layersOn[setting.platform](setting),
  },
  {
    name: 'ours',
    title: 'citizen-session, memory',
    packages: ['citizen-session'],
    platforms: everywhere,
    inProcess: ['node', 'koa', 'hono'],
    open: (setting) => oursOn[setting.platform](setting, undefined),
  },
  {
    name: 'ours-redis',
    title: 'citizen-session, Redis',
    packages: ['citizen-session', 'ioredis'],
    platforms: both,
    needsRedis: true,
    open: (setting) => ours(setting, `redis://127.0.0.1:${setting.redisPort}`),
  },
  {
    name: 'ours-redis-near',
    title: 'citizen-session, Redis with near reads',
    packages: ['citizen-session', 'ioredis'],
    platforms: both,
    needsRedis: true,
    open: (setting) => ours(setting, `redis://127.0.0.1:${setting.redisPort}?near=true`),
  },
  {
    name: 'ours-protocol',
    title: 'citizen-session, session by OpenID Connect or SAML, memory',
    packages: ['citizen-session'],
    platforms: both,
    open: (setting) => oursByProtocol(setting, undefined),
  },
  {
    name: 'ours-protocol-redis',
    title: 'citizen-session, session by OpenID Connect or SAML, Redis',
    packages: ['citizen-session', 'ioredis'],
    platforms: both,
    needsRedis: true,
    open: (setting) => oursByProtocol(setting, `redis://127.0.0.1:${setting.redisPort}`),
  },
  {
    name: 'express-session',
    title: 'express-session, memory',
    packages: ['express-session'],
    platforms: both,
    open: () => expressSession(undefined),
  },
  {
    name: 'express-session-redis',
    title: 'express-session, connect-redis',
    packages: ['express-session', 'connect-redis', 'ioredis'],
    platforms: both,
    needsRedis: true,
    open: async (setting) => expressSession(await connectRedis(setting)),
  },
  {
    name: 'koa-session',
    title: 'koa-session, memory',
    packages: ['koa-session'],
    platforms: ['koa'],
    inProcess: ['koa'],
    open: koaSession,
  },
  {
    name: 'fast-jwt-session',
    title: 'fast-jwt (cached) + express-session, memory',
    packages: ['fast-jwt', 'cookie-parser', 'express-session'],
    platforms: both,
    open: async (setting) => byHand(await fastJwt(setting), undefined),
  },
  {
    name: 'fast-jwt-session-redis',
    title: 'fast-jwt (cached) + express-session, connect-redis',
    packages: ['fast-jwt', 'cookie-parser', 'express-session', 'connect-redis', 'ioredis'],
    platforms: both,
    needsRedis: true,
    open: async (setting) => byHand(await fastJwt(setting), await connectRedis(setting)),
  },
  {
    name: 'jose',
    title: 'cookie-parser + jose (verification only)',
    packages: ['cookie-parser', 'jose'],
    platforms: both,
    open: async (setting) => ({
      middleware: [await readCookies(), await joseVerification(setting)],
      personOf: (request) => request.claims.sub,
    }),
  },
  {
    name: 'express-jwt',
    title: 'express-jwt + jwks-rsa (verification only)',
    packages: ['express-jwt', 'jwks-rsa', 'cookie-parser'],
    platforms: both,
    open: async (setting) => ({
      middleware: [await readCookies(), await expressJwt(setting)],
      personOf: (request) => request.auth.sub,
    }),
  },
  {
    name: 'iron-session',
    title: 'iron-session, read',
    packages: ['iron-session'],
    platforms: both,
    open: () => ironSession(false),
  },
  {
    name: 'iron-session-save',
    title: 'iron-session, read and saved (idle timer)',
    packages: ['iron-session'],
    platforms: both,
    open: () => ironSession(true),
  },
  {
    name: 'openid-connect',
    title: 'express-openid-connect, cookie',
    packages: ['express-openid-connect'],
    platforms: ['express'],
    inProcess: ['express'],
    open: (setting) => openidConnect(setting, undefined),
  },
  {
    name: 'openid-connect-redis',
    title: 'express-openid-connect, connect-redis',
    packages: ['express-openid-connect', 'connect-redis', 'ioredis'],
    platforms: ['express'],
    inProcess: ['express'],
    needsRedis: true,
    open: async (setting) => openidConnect(setting, await connectRedis(setting)),
  },
]
