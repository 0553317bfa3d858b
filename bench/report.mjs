/** @module The report: the table of all contenders, and each budget beside what was measured. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { contenders } from './contenders.mjs'
import { allocationLimit } from './pairs.mjs'

const versionOf = (name, folder = '') =>
  JSON.parse(readFileSync(new URL(`${folder}node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version

const number = (value, digits = 0) => (value === undefined ? '' : value.toFixed(digits))
const micro = (value) => number(value, Math.abs(value) < 20 ? 1 : 0)

function table(head, rows) {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** CPU a request that a contender adds in process: what it takes, less what the bare server takes there. */
function ownOf(measured, name, platform) {
  const taken = measured.get(`${name} ${platform}`)?.inProcess
  const bare = measured.get(`bare ${platform}`)?.inProcess
  return taken === undefined || bare === undefined ? undefined : taken - bare
}

function ratioOf(measured, name, platform) {
  const taken = measured.get(`${name} ${platform}`)?.cpu
  return taken === undefined ? undefined : taken / measured.get(`bare ${platform}`).cpu
}

function commandsOf(measured, name) {
  const commands = measured.get(`${name} express`)?.commands ?? new Map()
  return [...commands]
    .filter(([, count]) => count >= 0.005)
    .map(([command, count]) => `${count.toFixed(2)} ${command.toUpperCase()}`)
    .join(', ')
}

const elsewhere = { koa: 'Koa 3', hono: 'Hono on Node', next: 'Next.js 16, route handler' }

function elsewhereRows(measured) {
  return Object.entries(elsewhere).flatMap(([platform, framework]) =>
    contenders
      .filter(({ name }) => measured.has(`${name} ${platform}`))
      .map(({ name, title }) => {
        const { cpu, perSecond } = measured.get(`${name} ${platform}`)
        const own = name === 'bare' ? undefined : ownOf(measured, name, platform)
        const bare = measured.get(`bare ${platform}`).cpu
        return [
          framework,
          name === 'bare' ? 'nothing' : title,
          own === undefined ? '' : micro(own),
          micro(cpu),
          name === 'bare' ? '' : micro(cpu - bare),
          number(cpu / bare, 2),
          number(perSecond),
        ]
      }),
  )
}

function contenderRows(measured) {
  const present = contenders.filter(({ name }) => measured.has(`${name} express`))
  return present.map(({ name, title, platforms }) => {
    const own = name === 'bare' ? undefined : (ownOf(measured, name, platforms.at(0)) ?? undefined)
    const cells = ['node', 'express'].flatMap((platform) => {
      const part = measured.get(`${name} ${platform}`)
      return part === undefined
        ? ['', '', '']
        : [micro(part.cpu), number(ratioOf(measured, name, platform), 2), number(part.perSecond)]
    })
    return [title, own === undefined ? '' : micro(own), ...cells, commandsOf(measured, name)]
  })
}

/** What the collector does, of ours and of the bare one. */
function collectedOf({ collected: { ours, bare } }) {
  return {
    allocated: ours.allocatedBytes / bare.allocatedBytes,
    surviving: ours.survivingBytes / bare.survivingBytes,
  }
}

function pairRows(pairs) {
  return pairs.map((pair) => {
    const { ratio, low, high, cpu } = pair
    const { ours, bare } = pair.collected
    const { allocated, surviving } = collectedOf(pair)
    const beside = (one, other, times) => `${number(one)} / ${number(other)} (${number(times, 2)})`
    return [
      pair.title,
      `${micro(cpu.ours)} / ${micro(cpu.bare)}`,
      number(ratio, 2),
      `${number(low, 2)} to ${number(high, 2)}`,
      beside(ours.allocatedBytes, bare.allocatedBytes, allocated),
      beside(ours.survivingBytes / 1024, bare.survivingBytes / 1024, surviving),
      `${number(ours.milliseconds, 2)} / ${number(bare.milliseconds, 2)}`,
    ]
  })
}

/** Budgets of the pairs: ratios to the bare framework, each with its interval. */
export function pairBudgets(pairs) {
  return pairs.flatMap((pair) => {
    const { limit, ratio, low, high, survives } = pair
    const { allocated, surviving } = collectedOf(pair)
    const cpu = limit && {
      ...budgetOf(`CPU ratio, ${pair.title}`, limit, ratio, ''),
      value: `${number(ratio, 2)} (${number(low, 2)} to ${number(high, 2)})`,
    }
    return [
      ...(cpu ? [cpu] : []),
      budgetOf(`bytes allocated a request, ${pair.title}`, allocationLimit, allocated, ''),
      ...(survives ? [budgetOf(`what survives a scavenge, ${pair.title}`, survives, surviving, '')] : []),
    ]
  })
}

/** Each budget, and whether it is met, as Markdown. */
export function budgetReport(budgets) {
  return [
    '## Budgets',
    '',
    table(
      ['budget', 'at most', 'measured', ''],
      budgets.map(({ name, limit, value, isMet }) => [name, limit, value, isMet ? 'met' : 'NOT met']),
    ),
    '',
  ]
}

/** The pairs as Markdown. */
export function pairReport(pairs, { rounds, requests }) {
  return [
    '## Pairs, and the collector',
    '',
    `${rounds} pairs of ${requests} requests (a twentieth of that for Next.js) over 32 connections, ours and the bare framework in turn; the interval is of 95 %.`,
    '',
    table(
      [
        'ours beside',
        'CPU µs',
        'ratio',
        'interval',
        'bytes allocated a request',
        'KiB that survive a scavenge',
        'milliseconds a collection',
      ],
      pairRows(pairs),
    ),
    '',
  ]
}

const budgetOf = (name, limit, value, unit, digits = 2) => ({
  name,
  limit: `${limit} ${unit}`.trim(),
  value: `${value.toFixed(digits)} ${unit}`.trim(),
  isMet: value <= limit,
})

/** A budget in V: the microseconds stand beside, because V is not the same part of the work on every processor. */
const budgetInV = (name, limit, microseconds, verification, digits = 2) => {
  const row = budgetOf(name, limit, microseconds / verification, 'V', digits)
  const withMicroseconds = (text, value) => `${text} (${micro(value)} µs)`
  return {
    ...row,
    limit: withMicroseconds(row.limit, limit * verification),
    value: withMicroseconds(row.value, microseconds),
  }
}

/** Each budget with what was measured. What could not be measured here is left out. */
export function checkBudgets({ measured, memory, herd, pairs }) {
  const verification = measured.get('verification').inProcess
  const has = (name) => measured.has(`${name} express`)
  const rows = []
  if (has('ours')) {
    rows.push(
      budgetInV(
        'memory store, token seen before: own CPU',
        0.1,
        ownOf(measured, 'ours', 'node'),
        verification,
        3,
      ),
    )
  }
  if (has('ours') && has('express-session')) {
    const own = (name) => ownOf(measured, name, 'node')
    const name = 'memory store, token seen before: own CPU, beside the lightest peer that keeps sessions'
    rows.push(budgetOf(name, 0.125, own('ours') / own('express-session'), '', 3))
  }
  if (pairs !== undefined) rows.push(...pairBudgets(pairs))
  if (has('ours-redis')) {
    const reads = measured.get('ours-redis express').commands.get('hget') ?? 0
    rows.push(
      budgetInV('Redis: own CPU', 0.8, ownOf(measured, 'ours-redis', 'node'), verification),
      // What is above one are reads that begin or end a touch, once in 10 s.
      budgetOf('Redis: reads a request', 1.01, reads, '', 3),
      budgetOf('Redis: CPU ratio on node:http', 2.1, ratioOf(measured, 'ours-redis', 'node'), ''),
    )
  }
  if (has('ours') && has('ours-redis-near')) {
    const own = (name) => ownOf(measured, name, 'node')
    const ratio = ratioOf(measured, 'ours-redis-near', 'node')
    rows.push(
      budgetOf('near reads: own CPU, beside the memory store', 1.5, own('ours-redis-near') / own('ours'), ''),
      budgetOf('near reads: CPU ratio on node:http', 1.25, ratio, ''),
    )
  }
  rows.push(
    budgetInV(
      'first sight of a token: the verifier alone',
      1.4,
      measured.get('verifier').inProcess,
      verification,
    ),
    budgetInV(
      'first sight of a token: whole request of a known session',
      1.4,
      measured.get('new-token').inProcess,
      verification,
    ),
    budgetOf('heap of a live record with its index entry', 400, memory.get('ours').heap, 'bytes', 0),
  )
  const inRedis = memory.get('ours-redis')?.redis
  if (inRedis !== undefined) rows.push(budgetOf('a live record in Redis', 600, inRedis, 'bytes', 0))
  if (herd !== undefined) {
    rows.push(
      budgetOf('refresh due, herd: POSTs at the identity provider', 1, herd.posts, '', 0),
      budgetOf('refresh due, herd: requests that failed', 0, herd.requests - herd.served, '', 0),
    )
  }
  return rows
}

function memoryRows(memory) {
  const names = { ours: 'citizen-session', 'express-session': 'express-session' }
  return Object.entries(names).map(([name, title]) => [
    title,
    number(memory.get(name)?.heap),
    number(memory.get(`${name}-redis`)?.redis),
  ])
}

function machine() {
  const processors = cpus()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return `${processors.length} × ${processors[0]?.model.trim()}, ${gibibytes} GiB, ${type()} ${release().split('-')[0]}`
}

/** The whole report as Markdown. */
export function report({ measured, memory, herd, pairs, budgets, redis, length, isQuick }) {
  const packages = [...new Set(contenders.flatMap((contender) => contender.packages))].sort()
  const versions = packages.map((name) => `${name} ${versionOf(name)}`)
  if (measured.has('bare next')) versions.push(`next ${versionOf('next', 'next/')}`)
  const part = (name) => measured.get(name)?.inProcess
  const verification = part('verification')
  const probe = (title, name) => [title, micro(part(name)), number(part(name) / verification, 2)]
  const head = [
    'contender',
    'own CPU µs in process',
    'CPU µs, node:http',
    'ratio',
    'requests/s',
    'CPU µs, Express 5',
    'ratio',
    'requests/s',
    'Redis commands a request',
  ]
  const lines = [
    '# What a request costs',
    '',
    `${new Date().toISOString().slice(0, 10)}; ${machine()}; Node ${process.versions.node}; Redis ${redis?.version ?? 'not there'}.`,
    `${versions.join(', ')}.`,
    `${isQuick ? 'A quick run, good for a first look only: ' : ''}${length.rounds} rounds of ${length.milliseconds} ms, each in another order, after ${length.warmUpMilliseconds} ms of warm-up; medians. How to read it: README.md.`,
    '',
    table(head, contenderRows(measured)),
    '',
    ...(elsewhereRows(measured).length === 0
      ? []
      : [
          '## On other frameworks',
          '',
          table(
            ['framework', 'with', 'own CPU µs in process', 'CPU µs', 'more than bare', 'ratio', 'requests/s'],
            elsewhereRows(measured),
          ),
          '',
        ]),
    ...(pairs === undefined ? [] : pairReport(pairs, length.pairs)),
    '## In process, without a server',
    '',
    table(
      ['what', 'CPU µs', 'in V'],
      [
        probe('V: one synchronous RS256-2048 verification', 'verification'),
        probe('core and guard, memory, token seen before', 'seen'),
        ...(part('seen-redis') === undefined
          ? []
          : [probe('core and guard, Redis, token seen before, 16 at once', 'seen-redis')]),
        probe('verifier alone: first sight of a token', 'verifier'),
        probe('core, memory: first sight of a token of a known session', 'new-token'),
        probe('core, memory: first request of a person, session started, hint cookie made', 'first-request'),
      ],
    ),
    '',
    '## Memory a session, in bytes',
    '',
    table(['', 'heap, memory store', 'Redis'], memoryRows(memory)),
    '',
    `A remembered token weighs ${number(memory.get('ours').token)} bytes of heap beside; at most 10,000 are remembered.`,
    '',
  ]
  if (herd !== undefined) {
    lines.push(
      '## The herd',
      '',
      `${herd.requests} parallel requests of one person, ${herd.processes} processes over one Redis, one refresh due: ${herd.posts} POST at the identity provider, ${herd.served} answered with 200, ${herd.renewed} with the new token.`,
      '',
    )
  }
  lines.push(...budgetReport(budgets))
  return lines.join('\n')
}
