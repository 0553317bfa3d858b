/** @module What is in the packed package, and whether its types resolve for users. */
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
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

/** The folders that a file lies in. */
function ancestorsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'))
}

describe('the tarball', () => {
  it('holds what is compiled and what a user reads, nothing else', () => {
    const sources = new Set(repositoryFiles().map((path) => path.replace(/\.tsx?$/, '')))
    const isCompiled = (path: string) => {
      const stem = /^dist\/((?:src|adapters)\/.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(path)?.[1]
      return stem !== undefined && sources.has(stem)
    }
    const tracked = new Set(repositoryFiles())
    const isRead = (path: string) =>
      tracked.has(path) && /^(?:[A-Z]+\.md|docs\/.+|examples\/.+|bench\/README\.md)$/.test(path)
    const others = bare.files.filter((path) => !isCompiled(path) && !isRead(path)).sort()
    expect(others).toEqual(['LICENSE', 'package.json'])
    expect(bare.files.filter((path) => /\.(?:key|pem|log)$|node_modules|\.next\//.test(path))).toEqual([])
  })

  it('FLD-11 holds whatever its pages link to', async () => {
    const packed = new Set(bare.files.flatMap((path) => [path, ...ancestorsOf(path)]))
    const pages = bare.files.filter((path) => path.endsWith('.md'))
    expect(pages).toContain('docs/express.md')
    const dead: string[] = []
    for (const page of pages) {
      const text = await readFile(join(bare.folder, 'node_modules/citizen-session', page), 'utf8')
      for (const [, inBrackets, inTag] of text.matchAll(
        /\]\(([^)\s]+)\)|<[^>]*\b(?:src|srcset)="([^"]+)"/g,
      )) {
        const link = inBrackets ?? inTag ?? ''
        if (/^(?:https?:|#|\/)/.test(link)) continue
        const target = posix.join(posix.dirname(page), link.replace(/#.*$/, ''))
        if (!packed.has(target)) dead.push(`${page}: ${link}`)
      }
    }
    expect(dead).toEqual([])
  })

  it('holds no source map that points at what is not there', async () => {
    const maps = bare.files.filter((path) => path.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(100)
    const textOfPacked = (path: string): Promise<string> =>
      readFile(join(bare.folder, 'node_modules/citizen-session', path), 'utf8')
    const empty: string[] = []
    for (const path of maps) {
      const { sources, sourcesContent } = JSON.parse(await textOfPacked(path))
      const isCarried = sourcesContent?.every(
        (content: unknown) => typeof content === 'string' && content !== '',
      )
      if (sourcesContent?.length !== sources.length || !isCarried) empty.push(path)
    }
    expect(empty).toEqual([])

    const dead: string[] = []
    for (const path of bare.files.filter((each) => /\.[jt]s$/.test(each))) {
      const [, map] = /^\/\/# sourceMappingURL=(\S+)$/m.exec(await textOfPacked(path)) ?? []
      if (map !== undefined && !maps.includes(posix.join(posix.dirname(path), map)))
        dead.push(`${path}: ${map}`)
    }
    expect(dead).toEqual([])
  })

  it('says on the registry what it is and whose', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    expect(manifest).toMatchObject({ license: 'MIT', author: 'The citizen-session authors' })
    expect(manifest.keywords).toEqual(expect.arrayContaining(['session', 'single-logout', 'saml']))
    expect(await readFile(join(root, 'LICENSE'), 'utf8')).toContain(manifest.author)
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
