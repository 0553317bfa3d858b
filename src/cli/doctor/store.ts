/** @module Checks the Redis that is configured, as this machine reaches it. */
import type { ResolvedOptions } from '../../config/options.js'
import { CitizenSessionError, ConfigurationError, StoreUnavailableError } from '../../errors.js'
import { inspectRedis, type RedisInspection } from '../../stores/redis/inspect.js'
import { parseRedisSettings } from '../../stores/redis/open.js'
import { createFindings, type Finding } from './finding.js'

const { ok, warn, fail, skipped } = createFindings('store')
/** Above this a request is noticeably held up; at 250 ms operations are given up. */
const slowMilliseconds = 50
const deadlineMilliseconds = 250

/** Looks at the store and, where there is one, at the store for revocations. */
export async function judgeStores(resolved: ResolvedOptions): Promise<readonly Finding[]> {
  const { store, revocations, application, storeNear = false } = resolved
  if (typeof store !== 'string') {
    return [
      skipped('memory', {
        reason: 'sessions are remembered in the memory of one process',
        remedy: 'with several processes, or to survive a restart: set CITIZEN_STORE_URL',
      }),
    ]
  }
  const findings = await judgeRedis({ variable: 'CITIZEN_STORE_URL', url: store, application, storeNear })
  if (typeof revocations !== 'string' || revocations === store) return findings
  const second = { variable: 'CITIZEN_REVOCATIONS_URL', url: revocations, application: undefined, storeNear }
  return [...findings, ...(await judgeRedis(second))]
}

const cautionRemedies: Readonly<Record<string, string>> = {
  'store-persistence':
    'CONFIG SET appendonly yes, and the same in redis.conf or in the settings of the service',
  'store-unchecked': 'ACL SETUSER … +info +config|get, or look yourself: noeviction and appendonly yes',
}

/** What was looked at: the variable that names the Redis, its address, and the application that shares it. */
interface Target {
  readonly variable: string
  readonly url: string
  readonly application: ResolvedOptions['application'] | undefined
  /** Whether near reads are asked for where the address says nothing of them. */
  readonly storeNear: boolean
}

async function judgeRedis(target: Target): Promise<readonly Finding[]> {
  const { url, application, storeNear } = target
  let seen: RedisInspection
  try {
    const near = (parseRedisSettings(url).near ?? storeNear) === true
    seen = await inspectRedis(url, {
      near,
      ...(application === undefined ? {} : { application: application.id }),
    })
  } catch (error) {
    return [judgeFailure(error, target)]
  }
  const findings = [
    ...judgeProblem(seen, target),
    ...judgeRights(seen, target),
    ...judgeCautions(seen, target),
    ...judgePartition(seen, target),
    ...judgeVersion(seen, target),
    ...judgeSpeed(seen, target),
    ...judgeOwner(seen, target),
    ...judgeNear(seen, target),
  ]
  return findings.some(({ state }) => state === 'fail') ? findings : [...findings, summaryOf(seen, target)]
}

/** Any other error is a mistake in this program and is thrown on. */
function judgeFailure(error: unknown, { variable }: Target): Finding {
  if (!(error instanceof CitizenSessionError)) throw error
  if (error instanceof StoreUnavailableError && error.problem !== undefined) {
    const { code, reason, remedy } = error.problem
    return fail('store-unreachable', {
      target: variable,
      reason: `${reason} (${code}); nobody would be let in`,
      remedy: `${remedy} (${variable})`,
    })
  }
  if (error instanceof ConfigurationError) {
    const reason = error.problems.map(({ message }) => message).join('; ')
    return fail('store-client', { target: variable, reason, remedy: `do so, or correct ${variable}` })
  }
  return fail('store-unreachable', {
    target: variable,
    reason: `${error.message}; nobody would be let in`,
    remedy: `start it, or correct host, port, password and TLS (rediss://) in ${variable}`,
  })
}

type Judgement = (seen: RedisInspection, target: Target) => readonly Finding[]

const judgeProblem: Judgement = ({ problem }, { variable }) => {
  if (problem === undefined) return []
  const remedy =
    problem.code === 'store-eviction'
      ? 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf or in the settings of the service'
      : `name the master in ${variable}, or the Sentinels: redis+sentinel://…`
  const code = problem.code === 'store-eviction' ? 'store-eviction' : 'store-replica'
  return [fail(code, { target: variable, reason: problem.message, remedy })]
}

const judgeRights: Judgement = ({ missing }, { variable }) =>
  missing.length === 0
    ? []
    : [
        fail('store-rights', {
          target: variable,
          reason: `the user of the address may not send ${missing.join(', ')}, which the store needs`,
          remedy: `ACL SETUSER … ~citizen:* ${missing.map((name) => `+${name.toLowerCase()}`).join(' ')}`,
        }),
      ]

const judgeCautions: Judgement = ({ cautions }, { variable }) =>
  cautions.map(({ code, message }) =>
    warn(code, {
      target: variable,
      reason: message,
      remedy: cautionRemedies[code] ?? 'see docs/operations.md',
    }),
  )

const judgePartition: Judgement = (seen, { variable, url }) => {
  const isBounded = seen.stopsWithoutReplicas !== false || parseRedisSettings(url).withoutReplicasSeconds
  if (seen.replicas === 0 || seen.masters !== 1 || isBounded) return []
  return [
    warn('store-partition', {
      target: variable,
      reason:
        'a master that is cut off from its replicas goes on taking writes, which are lost when another one is chosen',
      remedy:
        'CONFIG SET min-replicas-to-write 1 (and min-replicas-max-lag 10) where there are two replicas or more, or add ?withoutReplicasSeconds=5 to the address',
    }),
  ]
}

const judgeVersion: Judgement = ({ server, versions }, { variable }) => {
  const old = server === 'redis' ? versions.filter(isOld) : []
  if (old.length === 0) return []
  return [
    fail('store-version', {
      target: variable,
      reason: `Redis ${old.join(', ')} is too old: 6.2 or newer is needed`,
      remedy: 'upgrade it, or take Valkey',
    }),
  ]
}

const judgeSpeed: Judgement = ({ milliseconds }, { variable }) => {
  if (milliseconds < slowMilliseconds) return []
  const complaint = {
    target: variable,
    reason: `a round trip took ${timeOf(milliseconds)}; operations are given up after ${deadlineMilliseconds} ms`,
    remedy: 'place the Redis near the application, and look for commands that hold it up (SLOWLOG)',
  }
  return [
    milliseconds >= deadlineMilliseconds ? fail('store-slow', complaint) : warn('store-slow', complaint),
  ]
}

const judgeOwner: Judgement = ({ owner }, { variable, application }) => {
  if (owner === undefined || owner === application?.url) return []
  return [
    fail('application-id-taken', {
      target: variable,
      reason: `the id ${application?.id} is in use there by ${owner}: this application will not start`,
      remedy:
        'give each application a CITIZEN_APPLICATION_ID of its own; after a change of address stop all instances of the old one, or wait three minutes after a crash',
    }),
  ]
}

/** Without near reads everything is served, only not as fast: nothing of it is a failure. */
const judgeNear: Judgement = ({ near }, { variable }) => {
  if (near === undefined) return []
  const { missing, loss, milliseconds } = near
  if (missing.length > 0) {
    return [
      warn('store-near-rights', {
        target: variable,
        reason:
          'its user may not do what near reads take: no request is answered from memory, each reads the store',
        remedy: `ACL SETUSER … ${missing.join(' ')}`,
      }),
    ]
  }
  if (loss !== undefined) {
    return [
      warn(`store-near-${loss.reason}`, {
        target: variable,
        reason: `no request would be answered from memory now: ${loss.message}`,
        remedy: 'see “Near reads” in docs/operations.md',
      }),
    ]
  }
  return [
    ok('store-near', { target: variable, reason: `near reads work: a beat took ${timeOf(milliseconds)}` }),
  ]
}

function summaryOf(seen: RedisInspection, { variable }: Target): Finding {
  const { server, versions, replicas, milliseconds } = seen
  const masters = seen.masters === 1 ? '' : `${seen.masters} masters, `
  const version = versions.join(', ') || 'of a version that it does not tell'
  return ok('store', {
    target: variable,
    reason: `${server} ${version}, ${masters}${replicas} replicas, noeviction, ${timeOf(milliseconds)}`,
  })
}

const timeOf = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 6 || (major === 6 && minor < 2)
}
