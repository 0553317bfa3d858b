import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import { testKeyStorage } from '../contracts/key-storage.js'
import { rotateQuickly, temporaryFolder } from './world.js'

testKeyStorage('memory', () => {
  const storage = memoryKeys()
  return () => storage
})
testKeyStorage('a folder', () => {
  const folder = join(temporaryFolder(), 'keys')
  return () => keyFolder(folder)
})

it('JWT-20 publishes nothing but what we write, whatever a place of somebody else gives back', async () => {
  for (const change of [{ d: 'AAAA' }, { x: 'AAAA' }, { x: undefined }, { use: 'enc' }]) {
    const storage = memoryKeys()
    await rotateQuickly(createKeyRing({ storage }))
    const read = async () => {
      const state = await storage.read()
      return (
        state && { ...state, keys: state.keys.map((key) => ({ ...key, jwk: { ...key.jwk, ...change } })) }
      )
    }
    const ring = createKeyRing({ storage: { ...storage, read } as typeof storage })
    await expect(ring.published()).rejects.toMatchObject({ code: 'key-ring' })
  }
})
