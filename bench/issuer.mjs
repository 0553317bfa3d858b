/** @module A signing key in the process and what a suite needs to trust it: for tokens by the thousand, at once. */
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'

export const issuer = 'https://id.citizen.example'

const kinds = {
  RS256: { type: 'rsa', options: { modulusLength: 2048 } },
  ES256: { type: 'ec', options: { namedCurve: 'P-256' } },
}

/** Signs tokens as CitizenOne's are, each by `algorithm`. */
export function createIssuer(algorithm = 'RS256') {
  const { type, options } = kinds[algorithm]
  const { privateKey, publicKey } = generateKeyPairSync(type, options)
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: algorithm, typ: 'JWT', kid: 'bench' })
  const jwks = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: algorithm, use: 'sig' }],
  })
  const now = Math.floor(Date.now() / 1000)

  return {
    publicKey: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
    /** The three parts of a token. `jti` is the session value; `serial` makes another token of the same session. */
    token(sub, jti, serial = 0) {
      const times = { iat: now - 60, exp: now + 43_200 }
      const payload = encode({
        iss: issuer,
        sub,
        jti,
        ...times,
        mfaRequired: false,
        isMfa: false,
        isDidAuth: false,
        name: 'Ana Example',
        serial,
      })
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' }
      const signature = sign('sha256', Buffer.from(`${header}.${payload}`), key).toString('base64url')
      return { header, payload, signature }
    },
    /** Options of a suite that trusts this key and reaches nothing outside of the process. */
    options: (store) => ({
      identityProvider: { url: issuer, algorithms: [algorithm] },
      sharedCookie: { domain: 'citizen.example' },
      application: {
        id: 'probe',
        url: 'https://probe.citizen.example',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      store,
      fetch: async () => new Response(jwks, { headers: { 'content-type': 'application/json' } }),
      onEvent: () => undefined,
    }),
  }
}

/** A `Cookie` header with the shared cookie and two cookies of other people. */
export function cookieHeader({ header, payload, signature }, more = '') {
  return `locale=en-CA; c1_header=${header}; c1_payload=${payload}; c1_signature=${signature}; theme=light${more}`
}

/** What a browser of today sends besides cookies when a link is followed. */
export const browserHeaders = {
  host: 'bench.citizen.localhost',
  connection: 'keep-alive',
  'upgrade-insecure-requests': '1',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-user': '?1',
  'sec-fetch-dest': 'document',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-CA,en;q=0.9,fr;q=0.8',
}

/** A request without any framework. `setCookies` collects what the suite sets. */
export function plainExchange(cookie) {
  const headers = { ...browserHeaders, cookie }
  const setCookies = []
  return {
    method: 'GET',
    target: '/benefits',
    remoteAddress: '127.0.0.1',
    header: (name) => headers[name],
    body: async () => new Uint8Array(),
    form: async () => new URLSearchParams(),
    setCookie: (each) => setCookies.push(each),
    setCookies,
  }
}
