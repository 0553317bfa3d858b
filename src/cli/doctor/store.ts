/** @module Checks the Redis that is configured, as this machine reaches it. */
import type { ResolvedOptions } from '../../config/options.js'
import { CitizenSessionError, ConfigurationError, StoreUnavailableError } from '../../errors.js'
import { inspectRedis, type RedisInspection } from '../../stores/redis-inspect.js'
import { parseRedisSettings } from '../../stores/redis-open.js'
import { createFindings, type Finding } from './finding.js'

const { ok, warn, fail, skipped } = createFindings('store')
/** Above this a request is noticeably held up; at 250 ms operations are given up. */
const slowMilliseconds = 50
const deadlineMilliseconds = 250

/** Looks at the store and, where there is one, at the store for revocations. */
export async function judgeStores(resolved: ResolvedOptions): Promise<readonly Finding[]> {
  const { store, revocations, application } = resolved
  if (typeof store !== 'string') {
    return [
      skipped('memory', {
        reason: 'sessions are remembered in the memory of one process',
        remedy: 'with several processes, or to survive a restart: set CITIZEN_STORE_URL',
      }),
    ]
  }
  const findings = await judgeRedis(store, 'CITIZEN_STORE_URL', application)
  if (typeof revocations !== 'string' || revocations === store) return findings
  return [...findings, ...(await judgeRedis(revocations, 'CITIZEN_REVOCATIONS_URL', undefined))]
}

const cautionRemedies: Readonly<Record<string, string>> = {
  'store-persistence':
    'CONFIG SET appendonly yes, and the same in redis.conf or in the settings of the service',
  'store-unchecked': 'ACL SETUSER … +info +config|get, or look yourself: noeviction and appendonly yes',
}

async function judgeRedis(
  url: string,
  variable: string,
  application: ResolvedOptions['application'] | undefined,
): Promise<readonly Finding[]> {
  const target = variable
  let seen: RedisInspection
  try {
    seen = await inspectRedis(url, application === undefined ? {} : { application: application.id })
  } catch (error) {
    if (!(error instanceof CitizenSessionError)) throw error
    if (error instanceof StoreUnavailableError && error.problem !== undefined) {
      const { code, reason } = error.problem
      const remedy = `${error.problem.remedy} (${variable})`
      return [
        fail('store-unreachable', { target, reason: `${reason} (${code}); nobody would be let in`, remedy }),
      ]
    }
    if (error instanceof ConfigurationError) {
      const reason = error.problems.map(({ message }) => message).join('; ')
      return [fail('store-client', { target, reason, remedy: `do so, or correct ${variable}` })]
    }
    return [
      fail('store-unreachable', {
        target,
        reason: `${error.message}; nobody would be let in`,
        remedy: `start it, or correct host, port, password and TLS (rediss://) in ${variable}`,
      }),
    ]
  }
  const findings: Finding[] = []
  const { versions, server, problem, milliseconds } = seen
  if (problem !== undefined) {
    findings.push(
      problem.code === 'store-eviction'
        ? fail('store-eviction', {
            target,
            reason: problem.message,
            remedy:
              'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf or in the settings of the service',
          })
        : fail('store-replica', {
            target,
            reason: problem.message,
            remedy: `name the master in ${variable}, or the Sentinels: redis+sentinel://…`,
          }),
    )
  }
  if (seen.missing.length > 0) {
    findings.push(
      fail('store-rights', {
        target,
        reason: `the user of the address may not send ${seen.missing.join(', ')}, which the store needs`,
        remedy: `ACL SETUSER … ~citizen:* ${seen.missing.map((name) => `+${name.toLowerCase()}`).join(' ')}`,
      }),
    )
  }
  for (const { code, message } of seen.cautions) {
    findings.push(
      warn(code, { target, reason: message, remedy: cautionRemedies[code] ?? 'see docs/operations.md' }),
    )
  }
  const isBounded = seen.stopsWithoutReplicas !== false || parseRedisSettings(url).withoutReplicasSeconds
  if (seen.replicas > 0 && seen.masters === 1 && !isBounded) {
    findings.push(
      warn('store-partition', {
        target,
        reason:
          'a master that is cut off from its replicas goes on taking writes, which are lost when another one is chosen',
        remedy:
          'CONFIG SET min-replicas-to-write 1 (and min-replicas-max-lag 10) where there are two replicas or more, or add ?withoutReplicasSeconds=5 to the address',
      }),
    )
  }
  const old = server === 'redis' ? versions.filter(isOld) : []
  if (old.length > 0) {
    findings.push(
      fail('store-version', {
        target,
        reason: `Redis ${old.join(', ')} is too old: 6.2 or newer is needed`,
        remedy: 'upgrade it, or take Valkey',
      }),
    )
  }
  const time = `${milliseconds.toFixed(1)} ms`
  if (milliseconds >= slowMilliseconds) {
    const complaint = {
      target,
      reason: `a round trip took ${time}; operations are given up after ${deadlineMilliseconds} ms`,
      remedy: 'place the Redis near the application, and look for commands that hold it up (SLOWLOG)',
    }
    findings.push(
      milliseconds >= deadlineMilliseconds ? fail('store-slow', complaint) : warn('store-slow', complaint),
    )
  }
  if (seen.owner !== undefined && seen.owner !== application?.url) {
    findings.push(
      fail('application-id-taken', {
        target,
        reason: `the id ${application?.id} is in use there by ${seen.owner}: this application will not start`,
        remedy:
          'give each application a CITIZEN_APPLICATION_ID of its own; after a change of address stop all instances of the old one, or wait three minutes after a crash',
      }),
    )
  }
  if (findings.some(({ state }) => state === 'fail')) return findings
  const masters = seen.masters === 1 ? '' : `${seen.masters} masters, `
  return [
    ...findings,
    ok('store', {
      target,
      reason: `${server} ${versions.join(', ') || 'of a version that it does not tell'}, ${masters}${seen.replicas} replicas, noeviction, ${time}`,
    }),
  ]
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 6 || (major === 6 && minor < 2)
}
