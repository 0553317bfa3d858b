import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { CitizenSessionError } from '../../src/errors.js'

const start = Date.parse('2026-01-01T00:00:00Z')
const jwks = '/api/v1/authentication/.well-known/jwks.json'

async function refresh(emulator: Emulator, token: string, init: RequestInit = {}) {
  return emulator.fetch('/sp/api/v1/authenticate?type=token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, refresh: 'true' }),
    ...init,
  })
}

describe('faults', () => {
  it('down: fetch rejects as it does for a refused connection, until it is switched off', async () => {
    const emulator = await createEmulator()
    emulator.faults.set({ down: true })
    await expect(emulator.fetch(jwks)).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ECONNREFUSED' },
    })
    emulator.faults.set({ down: false })
    expect((await emulator.fetch(jwks)).status).toBe(200)
  })

  it.each([401, 403, 429, 500, 503])('status %i on one endpoint leaves the others alone', async (status) => {
    const emulator = await createEmulator()
    const token = await emulator.tokenFor('ana')
    emulator.faults.set({ status: { refresh: status }, retryAfterSeconds: 7 })
    const response = await refresh(emulator, token)
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, '7'])
    expect((await emulator.fetch(jwks)).status).toBe(200)
    emulator.faults.clear()
    expect((await refresh(emulator, token)).status).toBe(200)
  })

  it('nonsense: a page, a flood, fields that are missing', async () => {
    const emulator = await createEmulator()
    const token = await emulator.tokenFor('ana')
    emulator.faults.set({ nonsense: { refresh: 'html', jwks: 'missing-fields' } })
    expect((await refresh(emulator, token)).headers.get('content-type')).toContain('text/html')
    expect(await (await emulator.fetch(jwks)).json()).toEqual({ ok: true })
    emulator.faults.set({ nonsense: { refresh: 'huge' } })
    expect((await (await refresh(emulator, token)).text()).length).toBeGreaterThan(5_000_000)
  })

  it('nonsense in a token: the same, somebody else, another session value', async () => {
    const emulator = await createEmulator({ clock: () => start })
    const token = await emulator.tokenFor('ana')
    const before = decodeJwt(token)
    const answer = async () => ((await (await refresh(emulator, token)).json()) as { token: string }).token
    emulator.travel(60)
    emulator.faults.set({ nonsense: { refresh: 'unchanged' } })
    expect(await answer()).toBe(token)
    emulator.faults.set({ nonsense: { refresh: 'other-person' } })
    expect(decodeJwt(await answer())).toMatchObject({ jti: before.jti, iss: before.iss })
    expect(decodeJwt(await answer()).sub).not.toBe(before.sub)
    emulator.faults.set({ nonsense: { refresh: 'other-session' } })
    const after = decodeJwt(await answer())
    expect(after.sub).toBe(before.sub)
    expect(after.jti).not.toBe(before.jti)
    expect(emulator.sessions.map(({ jti }) => jti)).toEqual([after.jti])
  })

  it('slow: waits on the given timer, and a signal of the caller counts meanwhile', async () => {
    const waited: number[] = []
    const emulator = await createEmulator({ wait: async (milliseconds) => void waited.push(milliseconds) })
    emulator.faults.set({ slowMilliseconds: 3000 })
    expect((await emulator.fetch(jwks)).status).toBe(200)
    expect(waited).toEqual([3000])

    emulator.faults.clear()
    const release = emulator.faults.hold('jwks')
    const controller = new AbortController()
    const aborted = emulator.fetch(jwks, { signal: controller.signal })
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    release()
  })

  it('hold: answers wait until they are let go, and arrivals can be awaited and counted', async () => {
    const emulator = await createEmulator()
    const token = await emulator.tokenFor('ana')
    const release = emulator.faults.hold('refresh')
    const answers: number[] = []
    const all = [1, 2, 3].map(async () => answers.push((await refresh(emulator, token)).status))
    await emulator.arrived('refresh', 3)
    expect(answers).toEqual([])
    expect(emulator.requests.refresh).toBe(3)
    expect((await emulator.fetch(jwks)).status).toBe(200)
    release()
    await Promise.all(all)
    expect(answers).toEqual([200, 200, 200])
  })

  it('hold: clearing the faults lets everything go', async () => {
    const emulator = await createEmulator()
    emulator.faults.hold('jwks')
    const answer = emulator.fetch(jwks)
    await emulator.arrived('jwks', 1)
    emulator.faults.clear()
    expect((await answer).status).toBe(200)
    expect((await emulator.fetch(jwks)).status).toBe(200)
  })

  it('skew: tokens come from a clock that is off, the emulator goes by it too', async () => {
    const emulator = await createEmulator({ clock: () => start })
    emulator.faults.set({ skewSeconds: 600 })
    expect(decodeJwt(await emulator.tokenFor('ana')).iat).toBe(start / 1000 + 600)
    expect(emulator.clock()).toBe(start)
  })

  it.each([
    [{ down: 'yes' }],
    [{ slowMilliseconds: -1 }],
    [{ slowMilliseconds: Number.NaN }],
    [{ status: { refresh: 200 } }],
    [{ status: { nowhere: 500 } }],
    [{ nonsense: { refresh: 'funny' } }],
    [{ skewSeconds: '1' }],
    [{ donw: true }],
    [null],
  ])('refuses %j with a code', async (change) => {
    const emulator = await createEmulator()
    const set = emulator.faults.set as (change: unknown) => void
    expect(() => set(change)).toThrow(CitizenSessionError)
    expect(() => set(change)).toThrow(expect.objectContaining({ code: 'emulator', status: 400 }))
  })
})
