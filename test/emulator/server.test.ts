import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.js'

const open: Emulator[] = []
async function listening(options: EmulatorOptions = {}) {
  const emulator = await createEmulator({ port: 0, ...options })
  open.push(emulator)
  return emulator
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((emulator) => emulator.close()))
})

const json = (body: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** A request with a Host of its own, which fetch does not allow. */
function getWithHost(emulator: Emulator, path: string, host: string) {
  return new Promise<number>((resolve, reject) => {
    request(`${emulator.internalUrl}${path}`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

describe('the emulator on a port', () => {
  it('has the port in its address and serves on loopback under its internal address', async () => {
    const emulator = await listening()
    const { port } = new URL(emulator.internalUrl)
    expect(emulator.url).toBe(`http://id.citizen.localhost:${port}`)
    const response = await fetch(`${emulator.internalUrl}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'ana', password: 'ana-password' }),
      redirect: 'manual',
    })
    expect([response.status, response.headers.get('location')]).toEqual([303, `${emulator.url}/`])
    expect(response.headers.getSetCookie()).toHaveLength(4)
    const keys = await fetch(`${emulator.internalUrl}/api/v1/authentication/.well-known/jwks.json`)
    expect(await keys.json()).toEqual(emulator.jwks())
    expect((await emulator.fetch(`${emulator.internalUrl}/login`)).status).toBe(200)
  })

  it('builds nothing from Host', async () => {
    const emulator = await listening()
    const answer = await new Promise<string>((resolve, reject) => {
      const { port } = new URL(emulator.internalUrl)
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('GET /second-factor HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
      )
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('end', () => resolve(text)).on('error', reject)
    })
    expect(answer).toContain('HTTP/1.1 303')
    expect(answer).not.toContain('evil.example')
  })

  it('refuses bodies beyond its limit, and methods that it does not know', async () => {
    const emulator = await listening()
    const tooLarge = await fetch(`${emulator.internalUrl}/login`, {
      method: 'POST',
      body: 'x'.repeat(70_000),
    })
    expect([tooLarge.status, await tooLarge.text()]).toEqual([413, 'A body here has at most 64 KiB.\n'])
    expect((await fetch(`${emulator.internalUrl}/login`, { method: 'PUT', body: 'x' })).status).toBe(405)
  })

  it('closes and opens again on the same port', async () => {
    const emulator = await listening()
    const { url, internalUrl } = emulator
    await emulator.close()
    await expect(fetch(internalUrl)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await emulator.listen()
    expect([emulator.url, emulator.internalUrl]).toEqual([url, internalUrl])
    expect((await fetch(internalUrl)).status).toBe(200)
  })

  it('says when the port is taken', async () => {
    const emulator = await listening()
    const port = Number(new URL(emulator.internalUrl).port)
    await expect(createEmulator({ port })).rejects.toMatchObject({ code: 'emulator' })
  })

  it('cuts connections while it is down, and can still be switched on from outside', async () => {
    const emulator = await listening()
    const set = (body: unknown) => fetch(`${emulator.internalUrl}/emulator/faults`, json(body))
    expect((await set({ down: true })).status).toBe(200)
    await expect(fetch(`${emulator.internalUrl}/login`)).rejects.toThrow(TypeError)
    expect((await set({ down: false })).status).toBe(200)
    expect((await fetch(`${emulator.internalUrl}/login`)).status).toBe(200)
  })
})

describe('the control endpoints', () => {
  it('steer faults, time, keys and sessions from another process', async () => {
    const emulator = await listening({ clock: () => 1_800_000_000_000 })
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${emulator.internalUrl}/emulator/${path}`, json(body))
      return [response.status, await response.json()] as const
    }
    expect((await post('cookies', { username: 'ben', level: 'password' }))[1]).toEqual({
      cookie: expect.stringMatching(/^c1_header=/),
    })
    expect((await post('travel', { seconds: 60 }))[1]).toMatchObject({ time: 1_800_000_060_000 })
    expect((await post('rotate-keys', {}))[1]).toEqual({ kid: emulator.jwks().keys[0]?.kid })
    expect((await post('faults', { status: { refresh: 503 } }))[1]).toMatchObject({
      faults: { status: { refresh: 503 } },
      sessions: [{ username: 'ben', level: 'password' }],
    })
    expect((await post('clear-faults', {}))[1]).toMatchObject({ faults: { status: {} } })
    expect((await post('revoke', { session: 'ben' }))[1]).toEqual({ revoked: 1 })
    expect((await post('reset', {}))[1]).toMatchObject({ time: 1_800_000_000_000, sessions: [] })
    const state = await fetch(`${emulator.internalUrl}/emulator/state`)
    expect(await state.json()).toMatchObject({ url: emulator.url, requests: { refresh: 0 }, messages: [] })
  })

  it.each([
    ['faults', { down: 1 }],
    ['faults', []],
    ['travel', {}],
    ['revoke', {}],
    ['cookies', { username: 'eve' }],
    ['cookies', { username: 'ana', level: 'x' }],
  ])('answer 400 to a wrong body: %s %j', async (path, body) => {
    const emulator = await createEmulator()
    const response = await emulator.fetch(`/emulator/${path}`, json(body))
    expect([response.status, await response.json()]).toEqual([400, { error: expect.any(String) }])
  })

  it('have a page that does the same by hand', async () => {
    const emulator = await createEmulator()
    await emulator.cookiesFor('ana')
    const post = (form: Record<string, string>) =>
      emulator.fetch('/faults', { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
    const form = {
      slow: '5',
      skew: '-3',
      'status-refresh': '429',
      'nonsense-jwks': 'html',
      'status-login': '',
    }
    expect((await post({ ...form, down: 'on' })).status).toBe(303)
    expect(emulator.faults.settings).toMatchObject({
      down: true,
      slowMilliseconds: 5,
      skewSeconds: -3,
      status: { refresh: 429 },
      nonsense: { jwks: 'html' },
    })
    const page = await (await emulator.fetch('/faults')).text()
    expect(page).toContain('<option selected>429</option>')
    const kid = emulator.jwks().keys[0]?.kid
    await post({ do: 'replace-keys' })
    await post({ do: 'revoke', session: 'ana' })
    await post({ do: 'clear' })
    expect(emulator.jwks().keys.map((key) => key.kid)).not.toContain(kid)
    expect(emulator.sessions).toEqual([])
    expect(emulator.faults.settings.down).toBe(false)
    expect((await post({ slow: 'x' })).status).toBe(400)
    expect((await post({ do: 'travel', seconds: 'x' })).status).toBe(400)
  })

  it('refuse other sites and names that were rebound to loopback', async () => {
    const emulator = await listening()
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of foreign) {
      const answer = await emulator.fetch('/emulator/faults', json({ down: true }, headers))
      expect(answer.status).toBe(403)
    }
    expect(emulator.faults.settings.down).toBe(false)
    const { port } = new URL(emulator.internalUrl)
    const rows: [string, number][] = [
      [`evil.example:${port}`, 403],
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      [`id.citizen.localhost:${port}`, 200],
    ]
    for (const [host, status] of rows) {
      expect(await getWithHost(emulator, '/emulator/state', host)).toBe(status)
    }
  })

  it('are not there for an address that is not loopback, unless asked for', async () => {
    const options = { url: 'https://id.example.gov', domain: 'example.gov' }
    const without = await createEmulator(options)
    expect((await without.fetch('/emulator/state')).status).toBe(404)
    expect((await without.fetch('/faults')).status).toBe(404)
    const withControl = await createEmulator({ ...options, control: true })
    expect((await withControl.fetch('/emulator/state')).status).toBe(200)
  })
})
