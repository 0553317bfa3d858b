/** @module Set-up of each test file that vitest runs in a process: what it shares with others begins anew. */
import { inject } from 'vitest'
import { beginTestFile } from './per-file.js'
import { shareRsaKeys } from './rsa-keys.js'

shareRsaKeys(inject('keyFolder'))
beginTestFile()
