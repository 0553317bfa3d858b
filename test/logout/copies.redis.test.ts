/** @module HLD-13 on a real Redis: what a sign-out by a protocol ends of the shared cookie, and what its receipt says. */
import { redisStore } from '../../src/redis.js'
import { redisOfFile } from '../support/redis-of-file.js'
import { describeCopies } from './copies-cases.js'

const open = redisOfFile()

describeCopies('on Redis', (clock) => redisStore(open(), { clock }))
