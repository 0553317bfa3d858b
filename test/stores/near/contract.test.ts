/** @module The store contract, and every interleaving, on near reads: over a store in memory that announces its changes. */
import { describeStoreContract } from '../../contracts/store.js'
import { answeringNear } from './answering-near.js'
import { createNearServer } from './near-instances.js'

describeStoreContract(
  'near reads',
  async () => {
    let now = 1_800_000_000_000
    const clock = () => now
    const server = createNearServer(clock)
    const { store } = await server.open()
    const near = answeringNear(store, clock)
    return {
      store: near,
      now: clock,
      async advance(seconds) {
        now += seconds * 1000
      },
      async setBack(seconds) {
        now -= seconds * 1000
      },
      async close() {
        await near.close()
        await server.close()
      },
    }
  },
  { races: 'all' },
)
