/** @module What is revoked of a person in Redis, and how a revocation is found again. */
import { timers } from '../../timers.js'
import { defaultMostRecords, mostMarks } from '../bounds.js'
import type { Store } from '../store.js'
import { keyOf, lifeUntil, type RedisContext } from './context.js'
import { forgottenWord, parseRevocation } from './format.js'
import { recordsIn } from './list.js'
import { textAt } from './reply.js'
import { scripts } from './scripts.js'

/** Makes the methods of a person's revocations. */
export function createRedisRevocations(context: RedisContext): Pick<Store, 'revoke' | 'revocation'> {
  const { connection, announcing, acknowledgement, clock } = context
  return {
    async revoke(person, scope, { reason, at, retainUntil }) {
      const deadline = timers.elapsed() + context.deadlineMilliseconds
      const now = clock()
      const key = keyOf(context, person)
      const reply = await announcing.run(
        scripts.revoke,
        key,
        scope.kind,
        scope.kind === 'person' ? '' : scope.session,
        reason,
        String(at),
        String(retainUntil),
        lifeUntil(context, retainUntil),
        forgottenWord(context.forgetUntil(now)),
        String(now),
        String(mostMarks(defaultMostRecords)),
      )
      const field = textAt(reply, 2)
      // Where nothing was revoked, that is what is confirmed: of a field that nobody writes.
      const written = field === '' ? { field: 'r:', at: undefined } : { field, at }
      const acknowledged = await acknowledgement.isAcknowledged({ key, ...written, deadline }, reply[1])
      const sessions = textAt(reply, 3)
        .split(' ')
        .filter((session) => session !== '')
      return { ended: recordsIn(person, reply, 4), sessions, acknowledged }
    },

    async revocation(person, session, names = []) {
      const reply = await connection.run(scripts.revocation, keyOf(context, person), session, ...names)
      const [kind] = reply
      if (kind !== 'session' && kind !== 'person') return undefined
      return { ...parseRevocation(textAt(reply, 1)), kind }
    },
  }
}
