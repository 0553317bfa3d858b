/** @module The switches of the demo: time that passes while another application is used signs nobody out. */
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { createEmulator } from '../../src/emulator/index.js'

interface Switches {
  act(
    order: object,
    request: { readonly headers: { readonly cookie: string } },
  ): Promise<{ readonly left?: number; readonly cookies?: readonly string[] }>
}

interface Module {
  createSwitches(parts: object): Switches
}

it.each([
  ['with a new token', 0],
  ['with one that is about to expire', 1795],
  ['with one that has expired, while the session at the provider lives', 1900],
])('moves on no farther than the token of the browser lives, %s', async (_case, age) => {
  let now = Date.UTC(2026, 0, 15, 12)
  const emulator = await createEmulator({
    url: 'https://id.citizen.example',
    domain: 'citizen.example',
    clock: () => now,
    tokenSeconds: 1800,
    idleSeconds: 3600,
  })
  const told: object[] = []
  const { createSwitches } = (await import(join(root, 'examples/demo/switches.mjs'))) as Module
  const { act } = createSwitches({
    emulator,
    report: (event: object) => told.push(event),
    applications: () => [],
    follow: () => undefined,
  })
  let token = await emulator.tokenFor('ana')
  now += age * 1000
  const { payload } = emulator.cookieNames
  const began = emulator.clock()
  // As long as Permits may be left alone: many tokens.
  for (let left: number | undefined = 28_755; left !== undefined && left > 0; ) {
    const { exp = 0 } = decodeJwt(token)
    const wasGood = exp * 1000 > emulator.clock()
    const cookie = `${payload}=${token.split('.')[1]}`
    const answer = await act(
      { action: 'travel', seconds: left, of: 28_755, isInUse: true },
      { headers: { cookie } },
    )
    // Who asks before the answer is there asks with the token of before.
    if (wasGood) expect(exp * 1000).toBeGreaterThan(emulator.clock())
    expect(answer.left).toBeLessThan(left)
    left = answer.left
    const given = answer.cookies?.map((each) => each.split(';', 1)[0]?.split('=')[1] ?? '') ?? []
    token = given.join('.')
  }
  expect((emulator.clock() - began) / 1000).toBeCloseTo(28_755, 0)
  expect(told).toEqual([{ type: 'demo.travelled', application: 'demo', seconds: 28_755, isInUse: true }])
})
