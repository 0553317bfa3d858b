/** @module The simulation and the core as one file, so that it loads at once and a function of the core can be patched. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Makes the file, and returns its address.
 * @param {readonly { file: string, find: string, put: string }[]} [patches] texts of sources, each there exactly once
 * @param {string} [entry]
 */
export async function bundleSimulation(patches = [], entry = 'test/simulation/main.ts') {
  const build = await rolldown({
    input: join(root, entry),
    platform: 'node',
    logLevel: 'silent',
    // Packages are loaded as they are.
    external: (id) => /^[^./\0]/.test(id) && !id.startsWith(root) && !id.startsWith('@oxc-project/'),
    plugins: [
      {
        name: 'patches',
        transform: (code, id) => patched(code, relative(root, id).split(sep).join('/'), patches),
      },
    ],
  })
  try {
    const { output } = await build.generate({ format: 'esm', codeSplitting: false })
    const [{ code }] = output
    const folder = join(root, '.cache', 'simulation')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, `${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`)
    if (!existsSync(file)) {
      writeFileSync(`${file}.${process.pid}`, code)
      renameSync(`${file}.${process.pid}`, file)
    }
    return pathToFileURL(file).href
  } finally {
    await build.close()
  }
}

function patched(code, path, patches) {
  let text = code
  for (const { file, find, put } of patches) {
    if (file !== path) continue
    if (text.split(find).length !== 2) throw new Error(`${file} has this text not exactly once: ${find}`)
    text = text.replace(find, () => put)
  }
  return text === code ? undefined : { code: text }
}
