/**
 * @module `npm run test:changed`: the quick tests that import what has changed and is not committed.
 * `npm run test:changed -- --base main`: what differs from a branch or commit. A test that reads a file without
 * importing it (the pages of the documentation) is not found that way.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { base: { type: 'string' } } })
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const changed = values.base === undefined ? '--changed' : `--changed=${values.base}`
const child = spawn(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'quick', changed],
  { cwd: root, stdio: 'inherit' },
)
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
