/**
 * @module `npm run eight -- [--rounds N] [--chromium M]`: rounds of one click at eight applications, each of whose
 * instances is a process, and some more in Chromium. Prints how soon all of them refuse. The exit code is 1 where something that had ended was taken again, a receipt was
 * not true, or 99 of 100 clicks were not refused everywhere within 250 ms of their answer.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../../../examples/set-up.mjs'

const { rounds, chromium } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, chromium: { type: 'string', default: '0' } },
}).values
if (!/^[1-9]\d{0,3}$/.test(rounds) || !/^\d{1,4}$/.test(chromium)) {
  console.error('--rounds must be a number from 1 to 9999, --chromium one from 0')
  process.exit(2)
}
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'real',
    '--retry',
    '0',
    'test/processes/eight.nginx.java.php.redis.test.ts',
    '--disable-console-intercept',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CITIZEN_EIGHT_ROUNDS: rounds, CITIZEN_EIGHT_CHROMIUM: chromium },
  },
)
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
