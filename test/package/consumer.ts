/** @module A project that has installed the packed package, as a user's would. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installNext } from '../../examples/set-up.mjs'
import { root, textOf } from '../house/source.js'

/** What a program left behind. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A project in a temporary folder. */
export interface Consumer {
  readonly folder: string
  /** The packed package. */
  readonly tarball: string
  /** The specifiers that package.json exports, but for package.json itself. */
  readonly specifiers: readonly string[]
  /** Paths of the packed files. */
  readonly files: readonly string[]
  /** Runs this very Node on a file of that content. */
  node(name: string, content: string): Promise<Outcome>
  /** Writes files and runs the TypeScript compiler on them. */
  compile(compilerOptions: object, files: Readonly<Record<string, string>>): Promise<Outcome>
  remove(): Promise<void>
}

/** Runs a program to its end, whatever its code. */
export function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { cwd, maxBuffer: 64 * 1024 * 1024, env: { ...env, NODE_OPTIONS: '' } }
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

interface Manifest {
  readonly exports: object
  readonly peerDependencies: object
}

function manifest(): Manifest {
  return JSON.parse(textOf('package.json'))
}

/** The optional packages that users install for the entries that need them. */
export function peers(): readonly string[] {
  return Object.keys(manifest().peerDependencies)
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await execute('npm', args, cwd)
  if (code !== 0) throw new Error(`npm ${args[0]} ended with ${code}:\n${stderr}`)
  return stdout
}

/**
 * Packs what is built and installs it into an empty project. `present` names packages that are linked
 * in from this repository, such as peers and types.
 */
export async function createConsumer(present: readonly string[] = []): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'citizen-package-'))
  const packed = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root)
  const [pack] = JSON.parse(packed) as [{ filename: string; files: readonly { path: string }[] }]
  const tarball = join(folder, pack.filename)
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "version": "1.0.0", "private": true }')
  await npm(['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], folder)
  for (const name of present) {
    const place = join(folder, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    // Next.js is installed only with its example: it is larger than everything else together.
    await symlink(
      join(name === 'next' ? await installNext(() => undefined) : join(root, 'node_modules'), name),
      place,
    )
  }
  return {
    folder,
    tarball,
    specifiers: Object.keys(manifest().exports)
      .filter((path) => path !== './package.json')
      .map((path) => `citizen-session${path.slice(1)}`),
    files: pack.files.map(({ path }) => path),
    async node(name, content) {
      await writeFile(join(folder, name), content)
      return await execute(process.execPath, [name], folder)
    },
    async compile(compilerOptions, files) {
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
      const configuration = { compilerOptions, files: Object.keys(files) }
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
      return await execute(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'],
        folder,
      )
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
