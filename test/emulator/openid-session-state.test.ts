import { createHash, webcrypto } from 'node:crypto'
import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { originOf, sessionStateOf } from '../../src/emulator/openid/session-state.js'
import { answerOf, clientOf, createOpenidWorld, signInAt } from './openid-world.js'

/** The formula of the specification, written down once more. Source: Session Management 1.0, section 3.2. */
const expected = (clientId: string, origin: string, state: string, salt: string) =>
  `${createHash('sha256').update(`${clientId} ${origin} ${state} ${salt}`).digest('base64url')}.${salt}`

describe('session_state', () => {
  it.each([
    ['a plain address', 'https://sp.example/cb', 'https://sp.example'],
    ['the port of the scheme', 'https://sp.example:443/cb', 'https://sp.example'],
    ['the port of the other scheme', 'https://sp.example:80/cb', 'https://sp.example:80'],
    ['http and its port', 'http://sp.example:80/cb', 'http://sp.example'],
    ['a port of its own', 'http://sp.localhost:3000/cb?x=1', 'http://sp.localhost:3000'],
    ['capitals in scheme and host', 'HTTPS://SP.Example/CB', 'https://sp.example'],
    ['an IDN', 'https://bücher.example/cb', 'https://xn--bcher-kva.example'],
    ['an IDN in capitals', 'https://BÜCHER.example/cb', 'https://xn--bcher-kva.example'],
    ['a password in the address', 'https://a:b@sp.example/cb', 'https://sp.example'],
    ['IPv6', 'http://[::1]:8080/cb', 'http://[::1]:8080'],
    ['a scheme without origins', 'app.example:/cb', 'null'],
  ])('SES-02 takes the origin of %s', (_, redirectUri, origin) => {
    expect(originOf(redirectUri)).toBe(origin)
    expect(sessionStateOf({ clientId: 'sp', redirectUri, browserState: 'state', salt: 'salt' })).toBe(
      expected('sp', origin, 'state', 'salt'),
    )
  })

  it('SES-02 gives the value that was worked out by hand', () => {
    // printf 'client https://sp.example opbs salt' | openssl dgst -sha256 -binary | basenc --base64url
    const parts = {
      clientId: 'client',
      redirectUri: 'https://sp.example/cb',
      browserState: 'opbs',
      salt: 'salt',
    }
    expect(sessionStateOf(parts)).toBe('37gpUtIJqumCxKP7JI-UPNd3lNRtCKRTyGReJVvSOgM.salt')
  })
})

/** Runs the script of the page with these cookies, and asks it. */
async function askFrame(page: string, cookie: string, message: { data: unknown; origin: string }) {
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? ''
  let listener: ((event: unknown) => Promise<void>) | undefined
  const sandbox = createContext({
    document: { cookie },
    crypto: webcrypto,
    TextEncoder,
    Uint8Array,
    btoa,
    addEventListener: (_: string, heard: typeof listener) => {
      listener = heard
    },
  })
  runInContext(script, sandbox)
  const answers: unknown[] = []
  await listener?.({ ...message, source: { postMessage: (...given: unknown[]) => answers.push(given) } })
  return answers
}

describe('the session status page', () => {
  it('answers unchanged, changed and error, to the origin that asked', async () => {
    const world = await createOpenidWorld({
      openid: { clients: [clientOf('sp1'), clientOf('sp2', { performSessionStatusNotification: false })] },
    })
    const browser = world.browser()
    const { tokens } = await signInAt(world, browser, 'sp1')
    const state = String(tokens.session_state)
    const frame = await browser.open(String(world.emulator.openid.metadata.check_session_iframe))
    expect(frame.headers.get('content-security-policy')).toContain('frame-ancestors https://sp1.example')
    expect(frame.headers.get('content-security-policy')).not.toContain('sp2')
    const cookie = () => browser.cookieHeader(world.emulator.url)
    const origin = 'https://sp1.example'
    const ask = async (data: unknown, from = origin) =>
      askFrame(frame.body, await cookie(), { data, origin: from })

    expect(await ask(`sp1 ${state}`)).toEqual([['unchanged', origin]])
    for (const [data, from] of [
      [`sp2 ${state}`, origin],
      [`sp1 ${state}`, 'https://evil.example'],
      [`sp1 x${state}`, origin],
    ] as const) {
      expect(await ask(data, from)).toEqual([['changed', from]])
    }
    for (const data of ['', 'sp1', `sp1 ${state} more`, 'sp1 no-salt', { a: 1 }, null, 7]) {
      expect(await ask(data)).toEqual([['error', origin]])
    }
    expect(await askFrame(frame.body, '', { data: `sp1 ${state}`, origin })).toEqual([['changed', origin]])
    await browser.post(`${world.emulator.url}/logout`)
    expect(await ask(`sp1 ${state}`)).toEqual([['changed', origin]])
  })

  it('is there only with a client that has session status notification, like its cookie', async () => {
    const world = await createOpenidWorld({
      openid: { clients: [clientOf('sp1', { performSessionStatusNotification: false })] },
    })
    const browser = world.browser()
    const { visit, tokens } = await signInAt(world, browser, 'sp1')
    expect(answerOf(visit)).not.toHaveProperty('session_state')
    expect(tokens).not.toHaveProperty('session_state')
    expect(world.emulator.openid.metadata).not.toHaveProperty('check_session_iframe')
    expect(await browser.cookieNames(world.emulator.url)).not.toContain('OPBS')
  })

  it('has a cookie that frames of other sites bring along and scripts read', async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    const lines = (await world.emulator.fetch('/login')).headers.getSetCookie()
    expect(lines).toEqual([expect.stringMatching(/^OPBS=[\w-]{43}; Path=\/; Secure; SameSite=None$/)])
    const signedIn = await world.emulator.fetch('/login', {
      method: 'POST',
      body: new URLSearchParams({ username: 'ana', password: 'ana-password' }),
      redirect: 'manual',
    })
    expect(signedIn.headers.getSetCookie().find((line) => line.startsWith('__Host-c1_identity='))).toMatch(
      /; Path=\/; HttpOnly; Secure; SameSite=None$/,
    )
  })

  it('changes when the session is ended without the browser, with its next request', async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    const browser = world.browser()
    await signInAt(world, browser, 'sp1')
    const before = await browser.cookieHeader(world.emulator.url)
    world.emulator.revoke('ana')
    await browser.open(String(world.emulator.openid.metadata.check_session_iframe))
    expect(await browser.cookieHeader(world.emulator.url)).not.toBe(before)
  })
})
