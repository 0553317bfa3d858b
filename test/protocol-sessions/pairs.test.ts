import { memoryStore } from '../../src/index.js'
import { describePairs, ofEachKind } from './pairs.js'

describePairs('in memory', ofEachKind, (clock) => ({ store: memoryStore({ clock }) }))
