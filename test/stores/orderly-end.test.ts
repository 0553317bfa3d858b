/** @module The orderly end of a suite: what fails in it keeps nothing else open. */
import { expect, it } from 'vitest'
import { closeInStages } from '../../src/close-in-stages.js'
import { createSuite, memoryStore } from '../../src/index.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf } from '../support/world.js'

it('gives the id back although a plug-in fails to close, and says what failed', async () => {
  const world = await createWorld()
  const store = { ...memoryStore({ clock: world.now }), isShared: true }
  const failure = new Error('a mistake of the plug-in')
  const { protocol } = scriptedProtocol()
  const failing = {
    ...protocol,
    install(host: Parameters<typeof protocol.install>[0]) {
      const installed = protocol.install(host)
      return {
        ...installed,
        close: () => {
          throw failure
        },
      }
    },
  }
  const options = optionsOf('benefits', { emulator: world.emulator, clock: world.now, store })
  const suite = createSuite({ ...options, protocols: [failing] }, {})
  await suite.ready()
  await expect(suite.close()).rejects.toBe(failure)
  expect(store.register('benefits', 'https://elsewhere.example', 180, 'next')).toBe(true)
})

it('begins no stage before the one before is through, and goes on after what failed', async () => {
  const seen: string[] = []
  const closing = (name: string, isFailing = false) => ({
    async close() {
      seen.push(`${name} begins`)
      await Promise.resolve()
      seen.push(`${name} ends`)
      if (isFailing) throw new Error(name)
    },
  })
  const stages = [
    [closing('a', true), undefined, closing('b')],
    [{}, closing('c', true)],
  ] as const
  await expect(closeInStages(...stages)).rejects.toThrow('a')
  expect(seen).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'c begins', 'c ends'])
})
