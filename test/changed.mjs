/**
 * @module `npm run test:changed`: the quick and long tests that what has changed and is not committed concerns: by import, and
 * those that read it as text or run it. `npm run test:changed -- --base main`: what differs from a branch or commit.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { concernedFiles } from './concerned.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isText = (path) => /\.(?:ts|tsx|mjs|mts)$/.test(path)

/** @param {readonly string[]} args */
function git(...args) {
  const output = execFileSync('git', [...args, '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
  return output.split('\0').filter((path) => path !== '')
}

function changedFiles(base) {
  // What the base has got since the branch left it is not the branch's change.
  const from = base === undefined ? ['HEAD'] : ['--merge-base', base]
  return [
    ...git('diff', '--name-only', '--no-renames', ...from),
    ...git('ls-files', '--others', '--exclude-standard'),
  ]
}

function vitest(...args) {
  const command = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...args,
    '--project',
    'quick',
    '--project',
    'long',
  ]
  const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit' })
  child.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

const { values } = parseArgs({ options: { base: { type: 'string' } } })
const changed = changedFiles(values.base)
const files = git('ls-files', '--cached', '--others', '--exclude-standard').filter((path) =>
  existsSync(join(root, path)),
)
const texts = new Map(files.map((path) => [path, isText(path) ? readFileSync(join(root, path), 'utf8') : '']))
const concerned = concernedFiles(changed, texts)
if (changed.length === 0) console.log('nothing has changed')
else if (concerned === undefined) vitest('run')
else vitest('related', '--run', '--passWithNoTests', ...concerned)
