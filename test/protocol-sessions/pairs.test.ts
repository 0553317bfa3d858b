import { memoryStore } from '../../src/index.js'
import { describePairs } from './pairs.js'

describePairs('in memory', (clock) => ({ store: memoryStore({ clock }) }))
