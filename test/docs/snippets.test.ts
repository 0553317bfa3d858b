/** @module The TypeScript in the documentation compiles, each block with what the blocks above it have made. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root, textOf } from '../house/source.js'
import { execute } from '../package/consumer.js'

const documents = [
  'docs/browser.md',
  'docs/express.md',
  'docs/fetch.md',
  'docs/koa.md',
  'docs/oidc.md',
  'docs/openid-providers.md',
  'docs/saml.md',
  'docs/sockets.md',
]
const folder = join(root, '.cache', `snippets-${process.pid}`)
afterAll(() => rm(folder, { recursive: true, force: true }))

const importLine = /^import [^;]*? from '[^']+'$/gm

/** One module of all blocks: their imports first, then each block inside the scope of the one before. */
function moduleOf(text: string): { readonly module: string; readonly blocks: number } {
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  const imports = blocks.flatMap((block) => block.match(importLine) ?? [])
  const bodies = blocks.map((block) => `{\n${block.replace(importLine, '')}`)
  return {
    module: `${[...new Set(imports)].join('\n')}\n${bodies.join('')}${'}'.repeat(blocks.length)}\n`,
    blocks: blocks.length,
  }
}

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
    compilerOptions: { rootDir: relative(folder, root), paths: ownPaths() },
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

describe('the documentation', () => {
  it.each(documents)('%s compiles', { timeout: 60_000 }, async (path) => {
    const { module, blocks } = moduleOf(textOf(path))
    expect(blocks).toBeGreaterThan(1)
    expect(await compile({ 'snippets.ts': module })).toBe('')
  })

  it('would not compile with a name that is none', { timeout: 60_000 }, async () => {
    const { module } = moduleOf("```ts\nimport { requireNobody } from 'citizen-session/express'\n```\n")
    expect(await compile({ 'wrong.ts': module })).toContain('requireNobody')
  })
})
