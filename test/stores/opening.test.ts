import { expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { closeIfUnmade } from '../../src/stores/opening.js'

it('HLD-21 what was opened for something that cannot be made is closed, and the error is the one that was thrown', async () => {
  const closed: string[] = []
  const storeNamed = (name: string) => ({
    ...memoryStore(),
    async close() {
      closed.push(name)
      throw new Error('nor closed')
    },
  })
  const make = () =>
    closeIfUnmade((opened) => {
      opened.push(storeNamed('store'), storeNamed('revocations'))
      throw new Error('it cannot be made')
    })
  expect(make).toThrow('it cannot be made')
  expect(closed).toEqual(['store', 'revocations'])
  expect(closeIfUnmade((opened) => opened.push(storeNamed('kept')))).toBe(1)
  expect(closed).toHaveLength(2)
})
