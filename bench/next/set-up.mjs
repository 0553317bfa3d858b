/** @module The small Next.js application of the bench: installed and built once, and again when its parts have changed. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, npm, readJson, root, run } from '../../examples/set-up.mjs'

/** Where the application is. */
export const folder = fileURLToPath(new URL('.', import.meta.url))

const mark = join(folder, '.next', 'fingerprint')

/** A digest of all that a build is made of. */
function fingerprint() {
  const hash = createHash('sha256').update(process.versions.node)
  for (const part of [
    join(folder, 'app'),
    join(folder, 'lib'),
    join(root, 'dist/src'),
    join(root, 'dist/adapters'),
  ]) {
    const entries = readdirSync(part, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    for (const file of files.sort()) hash.update(file).update(readFileSync(file))
  }
  for (const file of ['package-lock.json', 'next.config.mjs']) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex')
}

function isInstalled() {
  const present = join(folder, 'node_modules/next/package.json')
  const wanted = readJson(join(folder, 'package-lock.json')).packages['node_modules/next'].version
  return existsSync(present) && readJson(present).version === wanted
}

/** Whether the application has been built from what is there now. */
export const isNextBuilt = () => existsSync(mark) && readFileSync(mark, 'utf8') === fingerprint()

/** Installs and builds. Without it the rows of Next.js are left out, and `say` is told why. */
export async function prepareNext(say) {
  if (isNextBuilt()) return
  if (!isInstalled()) {
    say('installing Next.js for the bench (npm ci)')
    const { code, output } = await npm(['ci'], { cwd: folder, log: 'bench-next-npm-ci', timeoutSeconds: 180 })
    if (code !== 0) return say(`Next.js cannot be installed here, so it is left out: ${lastLines(output, 3)}`)
  }
  say('building the Next.js application of the bench')
  const { code, output } = await run(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
    cwd: folder,
    env: { NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: '1' },
    log: 'bench-next-build',
    timeoutSeconds: 240,
  })
  if (code !== 0)
    return say(`the Next.js application cannot be built here, so it is left out: ${lastLines(output, 3)}`)
  writeFileSync(mark, fingerprint())
}

/** `next()` of the package, as an application with a server of its own calls it. */
export const loadNext = async () => (await import('next')).default
