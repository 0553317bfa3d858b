/** @module A protocol without a provider: who asks for a session has one, so that instances differ in nothing else. */

/** Issuer of everybody. */
export const issuer = 'https://provider.example'
const name = 'scripted'

/** A request as the core sees it. */
export function createExchange(method, target, cookie) {
  const headers = new Map(
    Object.entries({
      cookie,
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      'sec-fetch-site': 'same-origin',
    }),
  )
  const cookies = []
  return {
    method,
    target,
    remoteAddress: '127.0.0.1',
    cookies,
    header: (asked) => headers.get(asked.toLowerCase()),
    body: async () => new Uint8Array(),
    form: async () => new URLSearchParams(),
    setCookie: (set) => cookies.push(set),
  }
}

function loginOf(person, indexKey) {
  const at = Date.now()
  const seconds = Math.floor(at / 1000)
  return {
    issuer,
    subject: person,
    sessionValue: person,
    indexKeys: [{ key: indexKey(person), kind: 'session' }],
    claims: { iss: issuer, sub: person, iat: seconds, exp: seconds + 3600 },
    level: 1,
    method: 'password',
    authenticatedAt: at,
    tokens: '{}',
    tokensIssuedAt: at,
    tokensExpireAt: 0,
    since: at,
    askedReauthentication: false,
    mayResume: false,
  }
}

/**
 * The plug-in, and what it was installed with.
 * @param {(person: string) => string} indexKey
 */
export function scripted(indexKey) {
  let installed
  const none = { legs: [], identity: { state: 'unknown', reason: 'browser-not-back-yet' } }
  const protocol = {
    name,
    install(host) {
      installed = host
      return {
        issuer,
        target: issuer,
        startLogin: () => ({ status: 404, headers: {} }),
        endProviderSession: async () => none,
        endpoints: {
          [`${name}/begin`]: {
            async GET(exchange) {
              const person = new URLSearchParams(exchange.target.split('?')[1]).get('person')
              const { state, session } = await host.sessions.start(exchange, loginOf(person, indexKey))
              return {
                status: 200,
                headers: {},
                body: JSON.stringify({ state, publicId: session?.publicId }),
              }
            },
          },
        },
      }
    },
  }
  return { protocol, host: () => installed }
}
