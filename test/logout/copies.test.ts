import { memoryStore } from '../../src/index.js'
import { describeCopies } from './copies-cases.js'

describeCopies('in memory', (clock) => memoryStore({ clock }))
