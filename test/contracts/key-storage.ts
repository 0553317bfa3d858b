/** @module The contract of places that keep a key ring, run on each of them. */
import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { planFirst, planRotated, type RingPlan } from '../../src/issuing/rotation.js'
import type { KeyStorage } from '../../src/issuing/storage.js'
import { quickKey } from '../issuing/world.js'

type WritableStorage = KeyStorage & Required<Pick<KeyStorage, 'replace'>>

const now = Date.UTC(2025, 9, 8)
const given = (skip = 0) => ({ privateKey: quickKey(), kid: undefined, policy: {}, skip, now })
const first = () => planFirst({ ...given(), name: 'sso' })
const neededBy = ({ state }: RingPlan) => new Set(state.keys.map(({ jwk }) => jwk.kid))

/** `open` returns the same place each time within one test, as two instances would have it. */
export function testKeyStorage(name: string, place: () => () => KeyStorage): void {
  const openTwo = () => {
    const open = place()
    const both = [open(), open()].map((storage): WritableStorage => {
      const { replace } = storage
      if (replace === undefined) throw new Error('the contract is about places that can change')
      return {
        read: () => storage.read(),
        replace: replace.bind(storage),
        privateKey: (kid) => storage.privateKey(kid),
      }
    })
    const [one, other] = both
    if (one === undefined || other === undefined) throw new Error('two instances')
    return [one, other] as const
  }
  const put = (storage: WritableStorage, plan: RingPlan, needed = neededBy(plan)) =>
    storage.replace({ state: plan.state, added: plan.added, needed })

  describe(`${name} as a place for keys`, () => {
    it('begins empty', async () => {
      const [one] = openTwo()
      expect(await one.read()).toBeUndefined()
      await expect(one.privateKey('sso-20251008')).rejects.toMatchObject({
        code: expect.stringMatching(/^key-/),
      })
    })

    it('gives what was put there to every instance', async () => {
      const [one, other] = openTwo()
      const plan = first()
      expect(await put(one, plan)).toBe('done')
      expect(await other.read()).toEqual(plan.state)
      const [kid = '', key] = [...plan.added][0] ?? []
      expect(key && createPublicKey(await other.privateKey(kid)).equals(createPublicKey(key))).toBe(true)
    })

    it('does one of the changes of one state, and nothing of the others', async () => {
      const [one, other] = openTwo()
      const plan = first()
      await put(one, plan)
      const plans = Array.from({ length: 6 }, (_, index) =>
        planRotated(plan.state, { ...given(index), notBefore: 0 }),
      )
      const outcomes = await Promise.all(plans.map((each, index) => put(index % 2 === 0 ? one : other, each)))
      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(5)
      expect(await one.read()).toEqual(plans[outcomes.indexOf('done')]?.state)
      for (const [index, { added }] of plans.entries()) {
        if (outcomes[index] === 'done') continue
        for (const kid of added.keys())
          await expect(one.privateKey(kid)).rejects.toMatchObject({ name: expect.any(String) })
      }
    })

    it('refuses a state that does not follow the one that is there', async () => {
      const [one] = openTwo()
      const plan = first()
      await put(one, plan)
      expect(await put(one, first())).toBe('changed')
      const rotated = planRotated(plan.state, { ...given(), notBefore: 0 })
      const leap = { ...rotated, state: { ...rotated.state, revision: 7 } }
      expect(await put(one, leap)).toBe('changed')
      expect(await one.read()).toEqual(plan.state)
    })

    it('removes the private keys that are needed no more', async () => {
      const [one, other] = openTwo()
      const plan = first()
      await put(one, plan)
      const rotated = planRotated(plan.state, { ...given(), notBefore: 0 })
      expect(await put(one, rotated, new Set(rotated.added.keys()))).toBe('done')
      await expect(other.privateKey('sso-20251008')).rejects.toMatchObject({
        code: expect.stringMatching(/^key-/),
      })
      await other.privateKey('sso-20251008-2')
      expect((await other.read())?.keys).toHaveLength(2)
    })
  })
}
