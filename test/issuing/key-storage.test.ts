import { join } from 'node:path'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import { testKeyStorage } from '../contracts/key-storage.js'
import { temporaryFolder } from './world.js'

testKeyStorage('memory', () => {
  const storage = memoryKeys()
  return () => storage
})
testKeyStorage('a folder', () => {
  const folder = join(temporaryFolder(), 'keys')
  return () => keyFolder(folder)
})
