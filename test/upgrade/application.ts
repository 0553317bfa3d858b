/** @module The application of the vectors, run by today's code on what 0.1.0 left in the store and the browser. */
import { type CitizenEvent, createSuite, type Store, type Suite, type SuiteOptions } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { saml } from '../../src/saml/saml.js'
import { createKeyPair } from '../saml/provider.js'
import { forAllFiles } from '../support/rsa-keys.js'
import { serve } from '../support/world.js'
import { type Answer, type Asked, type Kind, vectors } from './vectors.js'

const pair = forAllFiles(() => createKeyPair())
const own = {
  privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: pair.pem,
}

function optionsOf(kind: Kind): SuiteOptions {
  const { providerUrl, client, samlEntityId, samlMetadataUrl } = vectors
  switch (kind) {
    case 'shared-cookie':
      return { identityProvider: { url: providerUrl }, sharedCookie: { domain: 'citizen.example' } }
    case 'oidc': {
      const { client_id: clientId, client_secret: clientSecret } = client
      const scope = 'openid offline_access'
      return { protocols: [oidc({ issuer: providerUrl, clientId, clientSecret, scope })] }
    }
    case 'saml':
      return { protocols: [saml({ identityProvider: samlEntityId, metadataUrl: samlMetadataUrl, ...own })] }
  }
}

/** The provider says again what it said to 0.1.0, in the same order; of equal requests the last answer stays. */
function replay(answers: readonly Answer[], asked: string[]): typeof fetch {
  const left = [...answers]
  return async (input, init) => {
    const request = new Request(input, init)
    asked.push(`${request.method} ${new URL(request.url).pathname}`)
    const isMeant = ({ method, url }: Answer) => method === request.method && url === request.url
    const index = left.findIndex(isMeant)
    const answer = left[index]
    if (answer === undefined) return new Response('', { status: 502 })
    if (left.filter(isMeant).length > 1) left.splice(index, 1)
    const headers = new Headers({ 'content-type': answer.type })
    for (const cookie of answer.cookies) headers.append('set-cookie', cookie)
    return new Response(answer.text, { status: answer.status, headers })
  }
}

/** An application after the upgrade, and one browser that was there before. */
export interface Upgraded {
  readonly suite: Suite
  /** Sends a request with the browser's cookies, and takes up those of the answer. */
  send(asked: Asked, headers?: Readonly<Record<string, string>>): Promise<Response>
  who(): Promise<{ readonly state: string; readonly reason?: string; readonly sub?: string }>
  readonly cookies: ReadonlyMap<string, string>
  /** What an operator was told, as type and code. */
  readonly told: readonly string[]
  /** What was asked of the provider, as in `POST /token`. */
  readonly asked: readonly string[]
}

export const home = 'https://benefits.citizen.example'

/** Starts today's code. */
export function upgrade(
  kind: Kind,
  parts: {
    readonly store: Store
    readonly clock: () => number
    readonly cookies: string
    readonly answers?: readonly Answer[]
  },
): Upgraded {
  const { store, clock } = parts
  const asked: string[] = []
  const told: string[] = []
  const onEvent = (event: CitizenEvent) => {
    told.push(`${event.type}${'code' in event ? ` ${event.code}` : ''}`)
  }
  const application = {
    id: 'benefits',
    url: home,
    secrets: [...vectors.secrets],
    sensitivity: 'basic' as const,
  }
  const options = {
    ...optionsOf(kind),
    application,
    store,
    clock,
    fetch: replay(parts.answers ?? [], asked),
    onEvent,
  }
  const suite = createSuite(options, {})
  const cookies = new Map(
    parts.cookies.split('; ').map((cookie): [string, string] => {
      const [name = ''] = cookie.split('=', 1)
      return [name, cookie.slice(name.length + 1)]
    }),
  )

  const send: Upgraded['send'] = async ({ method = 'GET', url, form }, more = {}) => {
    const headers = new Headers({
      accept: 'text/html',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      origin: home,
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...more,
    })
    if (form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded')
    const body = form === undefined ? undefined : new URLSearchParams(form).toString()
    const response = await serve(suite, new Request(url, { method, headers, body }))
    for (const line of response.headers.getSetCookie()) {
      const [pairText = '', ...attributes] = line.split(';').map((part) => part.trim())
      const [name = ''] = pairText.split('=', 1)
      if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) cookies.delete(name)
      else cookies.set(name, pairText.slice(name.length + 1))
    }
    return response
  }

  return {
    suite,
    send,
    cookies,
    asked,
    told,
    who: async () =>
      (await (await send({ url: `${home}/open` })).json()) as Awaited<ReturnType<Upgraded['who']>>,
  }
}
