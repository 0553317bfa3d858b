/** @module The TypeScript in the documentation compiles, each block with what the blocks above it have made. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryFiles, root, textOf } from '../house/source.js'
import { execute } from '../package/consumer.js'
import { documents, documentsOfFiles, moduleOf } from './samples.js'

const folder = join(root, '.cache', `snippets-${process.pid}`)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The package's own names, as its users write them, led to the sources. */
function ownPaths(): Record<string, readonly string[]> {
  const { exports } = JSON.parse(textOf('package.json')) as {
    exports: Record<string, { readonly types?: string } | string>
  }
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, entry]) => {
      if (typeof entry === 'string' || entry.types === undefined) return []
      const source = entry.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts')
      return [[`citizen-session${name.slice(1)}`, [join(relative(folder, root), source)]]]
    }),
  )
}

async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const settings = {
    extends: join(relative(folder, root), 'tsconfig.test.json'),
    compilerOptions: {
      rootDir: relative(folder, root),
      paths: ownPaths(),
      jsx: 'react-jsx',
      lib: ['es2023', 'dom', 'dom.iterable'],
    },
    include: [],
    files: Object.keys(files),
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { stdout } = await execute(process.execPath, [compiler, '-p', folder], root)
  // What is wrong in the sources themselves is for the type check of the sources.
  return stdout
    .split('\n')
    .filter((line) => line.includes('.cache/'))
    .join('\n')
}

const fileOf = (path: string): string => `${path.replace(/\W/g, '-')}.${moduleOf(textOf(path)).extension}`

const wrong = "```ts\nimport { requireNobody } from 'citizen-session/express'\n```\n"

describe('the documentation', () => {
  let findings = ''
  // All pages at once: the compiler reads our sources and everybody's types once.
  beforeAll(async () => {
    const modules = documents.map((path) => [fileOf(path), moduleOf(textOf(path)).module])
    findings = await compile({ ...Object.fromEntries(modules), 'wrong.ts': moduleOf(wrong).module })
  }, 120_000)
  const findingsIn = (file: string): readonly string[] =>
    findings.split('\n').filter((line) => line.includes(`/${file}(`))

  it.each(documents)('FLD-11 %s compiles', (path) => {
    expect(moduleOf(textOf(path)).blocks).toBeGreaterThan(0)
    // Whoever declares for all would let another page compile.
    expect(textOf(path)).not.toMatch(/^\s*declare (?:global|module)\b/m)
    expect(findingsIn(fileOf(path))).toEqual([])
  })

  it('shows nothing but what belongs to a page', () => {
    const files = [...documents.map(fileOf), 'wrong.ts']
    const known = files.flatMap(findingsIn)
    expect(findings.split('\n').filter((line) => line !== '' && !known.includes(line))).toEqual([])
  })

  it('FLD-11 has no sample on another page', () => {
    const withSamples = repositoryFiles().filter(
      (path) => /^(?:[A-Z]+|docs\/.+)\.md$/.test(path) && /^```(?:ts|tsx)$/m.test(textOf(path)),
    )
    expect(withSamples.sort()).toEqual([...documents, ...documentsOfFiles].sort())
  })

  it('FLD-11 has no sample in JavaScript but what is run as it stands, and what Deno alone knows', () => {
    const counted = repositoryFiles()
      .filter((path) => /^(?:[A-Z]+|docs\/.+)\.md$/.test(path))
      .map((path) => [path, textOf(path).match(/^```(?:jsx?|javascript)$/gm)?.length ?? 0] as const)
    expect(Object.fromEntries(counted.filter(([, count]) => count > 0))).toEqual({
      'docs/express.md': 1,
      'docs/fastify.md': 1,
      'docs/sockets.md': 1,
      'docs/testing.md': textOf('docs/testing.md').match(/^```js\n(?:\/\/ |import .* from '@jest)/gm)?.length,
    })
  })

  it('would not compile with a name that is none', () => {
    expect(findingsIn('wrong.ts').join('\n')).toContain('requireNobody')
  })
})
