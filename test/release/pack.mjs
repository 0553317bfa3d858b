/** @module Packs a commit twice, in two clones in different folders, and writes the bill of materials. */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, npm, readJson, root, run, SetUpError } from '../../examples/set-up.mjs'

const formats = ['cyclonedx', 'spdx']

/**
 * A clone of the commit with nothing built, and the packages that are installed here. Its folder is named after the
 * package, because `npm sbom` takes the name from there.
 * @param {string} parent
 * @param {string} commit
 */
export async function cloneOf(parent, commit) {
  const folder = join(parent, 'citizen-session')
  mkdirSync(parent, { recursive: true })
  // Line endings as they are committed, whatever this machine likes.
  const clone = [
    'clone',
    '--quiet',
    '--shared',
    '--no-checkout',
    '--config',
    'core.autocrlf=false',
    root,
    folder,
  ]
  await succeed(run('git', clone), 'git clone')
  await succeed(run('git', ['checkout', '--quiet', '--detach', commit], { cwd: folder }), 'git checkout')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  return folder
}

/**
 * Builds a clone and packs it.
 * @param {string} clone
 * @param {string} destination
 * @returns {Promise<{ file: string, sha256: string, files: readonly { path: string, size: number }[], size: number, unpackedSize: number }>}
 */
export async function pack(clone, destination) {
  mkdirSync(destination, { recursive: true })
  await succeed(npm(['run', 'prepack'], { cwd: clone }), 'npm run prepack')
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', destination]
  // Output and errors come together: only what is no error may be missing from it.
  const output = await succeed(npm(args, { cwd: clone, env: { npm_config_loglevel: 'error' } }), 'npm pack')
  const [{ filename, files, size, unpackedSize }] = Object.values(JSON.parse(output))
  const file = join(destination, filename)
  return { file, sha256: sha256Of(file), files, size, unpackedSize }
}

/** @param {string} file */
function sha256Of(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/**
 * Files of a pack that the other pack does not have with the same content and mode.
 * @param {readonly { path: string, size: number, mode: number }[]} one
 * @param {readonly { path: string, size: number, mode: number }[]} other
 * @param {readonly [one: string, other: string]} clones
 */
export function differences(one, other, [clone, otherClone]) {
  const modes = new Map(other.map(({ path, mode }) => [path, mode]))
  const missing = other.filter(({ path }) => !one.some((each) => each.path === path))
  return [
    ...missing.map(({ path }) => `${path} is in one only`),
    ...one.flatMap(({ path, mode }) => {
      if (!modes.has(path)) return [`${path} is in one only`]
      if (modes.get(path) !== mode) return [`${path} has another mode`]
      return sha256Of(join(clone, path)) === sha256Of(join(otherClone, path))
        ? []
        : [`${path} has another content`]
    }),
  ]
}

/**
 * Writes the bill of materials of what users install, in both formats, from the lock of the commit.
 * @param {string} clone whose manifest and lock are changed for it
 * @param {string} stem path of the files, without their ends
 * @returns {Promise<readonly string[]>} the files
 */
export async function writeBillOfMaterials(clone, stem) {
  const { dependencies } = keepWhatUsersInstall(clone)
  const files = []
  for (const format of formats) {
    const args = ['sbom', '--omit', 'dev', '--package-lock-only', '--sbom-format', format]
    const output = await succeed(npm(args, { cwd: clone, env: { npm_config_loglevel: 'error' } }), 'npm sbom')
    const missing = Object.keys(dependencies).filter((name) => !output.includes(`"pkg:npm/${name}@`))
    if (missing.length > 0) throw new SetUpError(`npm sbom (${format}) does not name ${missing.join(', ')}`)
    const file = `${stem}.${format}.json`
    writeFileSync(file, output)
    files.push(file)
  }
  return files
}

/**
 * npm takes for a development package whatever one of those depends on: jose, by `oidc-provider`, and leaves it out. So
 * the development packages leave the manifest and the lock before.
 */
function keepWhatUsersInstall(clone) {
  const manifest = readJson(join(clone, 'package.json'))
  const lock = readJson(join(clone, 'package-lock.json'))
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).filter(([, { dev, devOptional, link }]) => !dev && !devOptional && !link),
  )
  for (const each of [manifest, lock.packages['']]) delete each.devDependencies
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock))
  return manifest
}

/**
 * Puts the pack and its sum where `sha256sum --check` finds both.
 * @param {{ file: string, sha256: string }} pack
 * @param {string} destination a folder that is emptied
 */
export function keep({ file, sha256 }, name, destination) {
  rmSync(destination, { recursive: true, force: true })
  mkdirSync(destination, { recursive: true })
  copyFileSync(file, join(destination, name))
  writeFileSync(join(destination, `${name}.sha256`), `${sha256}  ${name}\n`)
  return join(destination, name)
}

/** The output of a program that must not fail. */
async function succeed(running, name) {
  const { code, output } = await running
  if (code !== 0) throw new SetUpError(`${name} ended with ${code}:\n${lastLines(output, 20)}`)
  return output
}
