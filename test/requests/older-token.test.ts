/** @module A token from before another one, on two instances that share the memory of a process. */
import { memoryStore } from '../../src/index.js'
import { describeOlderTokens } from './older-token.js'

describeOlderTokens((clock) => memoryStore({ clock }))
