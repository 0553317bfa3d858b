/** @module `npm run bench` from a clone: set-up of the package and of the bench, then the bench itself. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, npm, prepare, readJson, SetUpError } from '../examples/set-up.mjs'
import { prepareNext } from './next/set-up.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))

function packagesAreInstalled() {
  const installed = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = readJson(join(folder, 'package-lock.json')).packages
  const present = readJson(installed).packages
  return Object.entries(wanted).every(
    ([path, { version, link, optional }]) =>
      path === '' || path === '..' || link || optional || present[path]?.version === version,
  )
}

async function installPeers(say) {
  if (packagesAreInstalled()) return
  say('installing the packages of the bench (npm ci)')
  const { code, output } = await npm(['ci'], { cwd: folder, log: 'bench-npm-ci' })
  if (code !== 0) throw new SetUpError(`npm ci failed in bench:\n${lastLines(output, 8)}`)
}

try {
  const say = (line) => console.error(line)
  await prepare(say)
  await installPeers(say)
  const args = process.argv.slice(2)
  const isScale = args.includes('--scale')
  if (!isScale) await prepareNext(say)
  const { main } = await import(isScale ? './scale/main.mjs' : './main.mjs')
  process.exitCode = await main(args)
} catch (error) {
  console.error(error instanceof SetUpError ? error.message : error)
  // Whatever was started is ended with this process.
  process.exit(1)
}
