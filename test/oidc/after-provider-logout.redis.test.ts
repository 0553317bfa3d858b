/** @module The next sign-in after the provider's own logout message, on a real Redis. */
import { redisStore } from '../../src/redis.js'
import { redisOfFile } from '../support/redis-of-file.js'
import { describeAfterProviderLogout } from './after-provider-logout.js'

const open = redisOfFile()

describeAfterProviderLogout('Redis', (_, clock) => redisStore(open(), { clock }))
