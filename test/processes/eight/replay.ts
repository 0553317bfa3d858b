/** @module What a thief has kept is tried everywhere after the end: cookies, and tokens of every kind. */
import { gateSecret, navigation, script } from '../../gate/gate-world.js'
import { send } from './send.js'
import { type SignedIn, statusOf, type Target } from './signed-in.js'
import { clientOf, gated, type World } from './world.js'

/** Something that was kept, where it is tried, and whether it was taken. */
type Attempt = readonly [name: string, isTaken: () => Promise<boolean>]

/** Tries all of it. Returns what was taken: nothing, if all is well. */
export async function takenAgain(world: World, signedIn: SignedIn): Promise<readonly string[]> {
  const attempts: readonly Attempt[] = [
    ...signedIn.targets.map(
      (target): Attempt => [`the cookies at ${target.name}`, async () => (await statusOf(target)) !== 401],
    ),
    ...sharedCookieAttempts(signedIn),
    ...providerAttempts(world, signedIn),
    ...gateAttempts(world, signedIn),
  ]
  const outcomes = await Promise.all(
    attempts.map(async ([name, isTaken]) => ((await isTaken()) ? [name] : [])),
  )
  return outcomes.flat()
}

const sharedTokenOf = (cookies: string) =>
  ['c1_header', 'c1_payload', 'c1_signature']
    .map((name) => new RegExp(`${name}=([^;]*)`).exec(cookies)?.[1] ?? '')
    .join('.')
function asSharedCookie(token: string): string {
  const [header, payload, signature] = token.split('.')
  return `c1_header=${header}; c1_payload=${payload}; c1_signature=${signature}`
}

/** The shared cookie without the application's own cookies, and ID tokens in its place. */
function sharedCookieAttempts({ cookies, tokens, targets }: SignedIn): readonly Attempt[] {
  const readers = targets.filter(({ name }) => /^(?:benefits|library|php|java)/.test(name))
  const values = [
    ['the shared cookie alone', asSharedCookie(sharedTokenOf(cookies.get(gated) ?? ''))],
    ...tokens.map(({ application, id_token }) => [
      `the ID token of ${application.name} as a cookie`,
      asSharedCookie(id_token),
    ]),
  ] as const
  return readers.flatMap((target) =>
    values.map(([name = '', cookie = '']): Attempt => {
      const asked: Target = { ...target, headers: { ...target.headers, cookie } }
      return [`${name} at ${target.name}`, async () => (await statusOf(asked)) !== 401]
    }),
  )
}

/** Whatever the provider has given out, at the provider. */
function providerAttempts(world: World, { cookies, tokens, providerCookies }: SignedIn): readonly Attempt[] {
  const { host, port } = new URL(world.providerUrl)
  const ask = (
    path: string,
    headers: Readonly<Record<string, string>>,
    form?: Readonly<Record<string, string>>,
  ) =>
    send({
      port: Number(port),
      path,
      headers: {
        host,
        ...headers,
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form).toString() }),
    })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const shared = sharedTokenOf(cookies.get(gated) ?? '')
  return [
    [
      'the shared token at the refresh',
      async () => {
        const { status } = await send({
          port: Number(port),
          path: '/sp/api/v1/authenticate?type=token',
          method: 'POST',
          headers: { host, 'content-type': 'application/json' },
          body: JSON.stringify({ token: shared, refresh: 'true' }),
        })
        return status !== 401
      },
    ],
    [
      'the cookies at the provider',
      async () => {
        const { status } = await ask('/login?returnTo=%2Fprofile', { ...navigation, cookie: providerCookies })
        return status !== 200
      },
    ],
    ...tokens.flatMap(({ application, ...token }): readonly Attempt[] => [
      [
        `the access token of ${application.name}`,
        async () =>
          (await ask('/runtime/openidconnect/userinfo.idp', bearer(token.access_token))).status !== 401,
      ],
      [
        `the ID token of ${application.name} as an access token`,
        async () => (await ask('/runtime/openidconnect/userinfo.idp', bearer(token.id_token))).status !== 401,
      ],
      [
        `the refresh token of ${application.name}`,
        async () => {
          const { client_id, client_secret } = clientOf(application, world.urlOf(application))
          const form = {
            grant_type: 'refresh_token',
            refresh_token: token.refresh_token,
            client_id,
            client_secret,
          }
          const { status, body } = await ask('/runtime/openidconnect/token.idp', {}, form)
          return status !== 400 || JSON.parse(body).error !== 'invalid_grant'
        },
      ],
    ]),
  ]
}

/** The gate itself, and other kinds of tokens in the place of its own. */
function gateAttempts(world: World, { cookies, tokens }: SignedIn): readonly Attempt[] {
  const gates = world.instances.filter(({ application }) => application === gated)
  const asked = {
    ...script,
    cookie: cookies.get(gated) ?? '',
    'citizen-gate-secret': gateSecret,
    'x-original-uri': '/',
    'x-original-method': 'GET',
  }
  const given = [sharedTokenOf(asked.cookie), ...tokens.map(({ id_token }) => id_token)]
  return [
    ...gates.map(
      ({ port, isNear }): Attempt => [
        `the cookies at the gate, ${isNear ? 'near' : 'strict'}`,
        async () => (await send({ port, path: '/session/gate/reports', headers: asked })).status !== 401,
      ],
    ),
    ...Object.entries(world.backends.ports).flatMap(([backend, port]) =>
      given.map(
        (token): Attempt => [
          `another kind of token at ${backend}`,
          async () => (await send({ port, path: '/x', headers: { 'citizen-token': token } })).status !== 401,
        ],
      ),
    ),
  ]
}

/** A token of the gate, straight at its backend: whether that takes it now, and when its life is over. */
export async function gateTokensNow(world: World, { gateTokens }: Pick<SignedIn, 'gateTokens'>) {
  const { php, java } = world.backends.ports
  const now = Date.now()
  const tries = [
    [gateTokens.reports, php],
    [gateTokens.archive, java],
  ] as const
  return Promise.all(
    tries.map(async ([token, port]) => {
      const { status } = await send({ port, path: '/x', headers: { 'citizen-token': token } })
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
      return { isTaken: status === 200, secondsLeft: (claims.exp as number) - now / 1000 }
    }),
  )
}
