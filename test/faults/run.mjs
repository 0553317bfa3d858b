/**
 * @module `npm run test:faults -- [--rounds N] [--seed S] [--round K]`: real servers that are killed, stopped and cut off
 * under two instances, and after them four faults a round of what carries the announcements of near reads. The exit
 * code is 1 if an end that was told as done was served (beyond the bound of near reads), a session was lost, or
 * anything answered 500. `--near` and `--servers` run one of the two alone, and count its own; `--round K` runs that
 * one again, `--kind TEXT` near faults of these names alone.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    round: { type: 'string' },
    near: { type: 'boolean' },
    servers: { type: 'boolean' },
    kind: { type: 'string', default: '' },
  },
})
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
for (const [name, value] of Object.entries(values)) {
  if (name !== 'kind' && typeof value === 'string' && !/^\d{1,6}$/.test(value)) {
    console.error(`--${name} must be a number`)
    process.exit(2)
  }
}
if (values.round !== undefined && values.near !== true && values.servers !== true) values.servers = true
const rounds = values.round === undefined ? Number(values.rounds ?? (values.near ? 20 : 5)) : 1
const nearFaults = values.near || values.round !== undefined ? rounds : rounds * 4
const files = [
  ...(values.near ? [] : ['test/faults/rounds.faults.ts']),
  ...(values.servers ? [] : ['test/faults/near.faults.ts', 'test/faults/planted.faults.ts']),
]
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'faults',
    ...files,
    '--disable-console-intercept',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      CITIZEN_FAULT_SEED: values.seed,
      CITIZEN_FAULT_FIRST: values.round ?? '0',
      CITIZEN_FAULT_ROUNDS: String(rounds),
      CITIZEN_FAULT_NEAR: String(nearFaults),
      CITIZEN_FAULT_KIND: values.kind,
    },
  },
)
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
