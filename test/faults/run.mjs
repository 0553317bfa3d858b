/**
 * @module `npm run test:faults -- --rounds N [--seed S] [--round K]`: real servers that are killed, stopped and cut off
 * under two instances. The exit code is 1 if an end that was told as done was served, a session was lost, or anything
 * answered 500. `--round K` runs that one again.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    round: { type: 'string' },
  },
})
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
for (const [name, value] of Object.entries(values)) {
  if (!/^\d{1,6}$/.test(value)) {
    console.error(`--${name} must be a number`)
    process.exit(2)
  }
}
const child = spawn(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'faults', '--disable-console-intercept'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      CITIZEN_FAULT_SEED: values.seed,
      CITIZEN_FAULT_FIRST: values.round ?? '0',
      CITIZEN_FAULT_ROUNDS: values.round === undefined ? values.rounds : '1',
    },
  },
)
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
