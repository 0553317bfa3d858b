/** @module What is in the packed package, and whether its types resolve for users. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryFiles, root } from '../house/source.js'
import { type Consumer, createConsumer, execute, peers } from './consumer.js'

let bare: Consumer
let complete: Consumer

beforeAll(async () => {
  bare = await createConsumer(['@types/node', 'undici-types'])
  complete = await createConsumer(['@types', ...peers()])
})
afterAll(async () => {
  await bare.remove()
  await complete.remove()
})

describe('the tarball', () => {
  it('holds what is compiled and what a user reads, nothing else', () => {
    const sources = new Set(repositoryFiles().map((path) => path.replace(/\.tsx?$/, '')))
    const isCompiled = (path: string) => {
      const stem = /^dist\/((?:src|adapters)\/.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(path)?.[1]
      return stem !== undefined && sources.has(stem)
    }
    const others = bare.files.filter((path) => !isCompiled(path)).sort()
    expect(others).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'TROUBLESHOOTING.md',
      'package.json',
    ])
  })

  it('needs one package at run time', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    expect(Object.keys(manifest.dependencies)).toEqual(['jose'])
    const optional = Object.keys(manifest.peerDependencies).filter(
      (name) => manifest.peerDependenciesMeta[name]?.optional,
    )
    expect(optional).toEqual(Object.keys(manifest.peerDependencies))
  })

  it('passes publint', async () => {
    const bytes = await readFile(bare.tarball)
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg ?? {}, { color: false }))).toEqual([])
  })

  it('passes are-the-types-wrong', async () => {
    const command = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const args = [
      command,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
      '--no-color',
      '--no-emoji',
      bare.tarball,
    ]
    const { code, stdout, stderr } = await execute(process.execPath, args, bare.folder)
    expect({ code, output: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, output: '' })
  })
})

describe('the types', () => {
  const resolutions = [
    ['nodenext', 'commonjs', { module: 'nodenext' }],
    ['nodenext', 'module', { module: 'nodenext' }],
    ['bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  ] as const
  const common = {
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  }
  const loading = (specifiers: readonly string[]) =>
    specifiers
      .map(
        (each, index) =>
          `import * as m${index} from '${each}'\nexport const used${index}: object = m${index}`,
      )
      .join('\n')

  it.each(resolutions)('of every entry resolve under %s in a %s project', async (_name, kind, options) => {
    const name = kind === 'commonjs' ? 'user.cts' : 'user.mts'
    const { stdout } = await complete.compile(
      { ...common, ...options },
      { [name]: loading(complete.specifiers) },
    )
    // The types of other packages are not ours to judge.
    const ours = stdout
      .split('\n')
      .filter((line) => /^(?:user\.|node_modules\/citizen-session\/)|^error/.test(line))
    expect(ours).toEqual([])
  })

  it('of the core need no optional peer', async () => {
    const outcome = await bare.compile(
      { ...common, module: 'nodenext' },
      { 'user.mts': loading(['citizen-session']) },
    )
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('refuse what is not there', async () => {
    const source = "import { nothingLikeThis } from 'citizen-session'\nnothingLikeThis()"
    const { code, stdout } = await bare.compile({ ...common, module: 'nodenext' }, { 'user.mts': source })
    expect(code).not.toBe(0)
    expect(stdout).toMatch(/^user\.mts\(1,10\): error TS2305/m)
  })
})
