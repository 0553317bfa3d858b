/** @module The TypeScript samples of the documentation: which pages have some, and one module of all blocks of a page. */

/** Pages whose blocks follow one another. */
export const documents = [
  'README.md',
  'docs/browser.md',
  'docs/emulator.md',
  'docs/express.md',
  'docs/fetch.md',
  'docs/gate.md',
  'docs/header.md',
  'docs/koa.md',
  'docs/oidc.md',
  'docs/openid-providers.md',
  'docs/operations.md',
  'docs/routes.md',
  'docs/saml.md',
  'docs/sockets.md',
  'docs/sso.md',
]

/** Pages that only `test/consumers` compiles, builds and runs: files that import each other, frameworks that are not here. */
export const documentsOfFiles = ['docs/nest.md', 'docs/next.md']

const importLine = /^import [^;]*? from '[^']+'$/gm

/** One module of all blocks: their imports first, then each block inside the scope of the one before. */
export function moduleOf(text: string): {
  readonly extension: 'ts' | 'tsx'
  readonly module: string
  readonly blocks: number
} {
  const blocks = [...text.matchAll(/^```tsx?\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  const imports = blocks.flatMap((block) => block.match(importLine) ?? [])
  // Nothing is exported from inside of a scope.
  const bodies = blocks.map(
    (block) => `{\n${block.replace(importLine, '').replace(/^export (?=const|function)/gm, '')}`,
  )
  return {
    extension: /^```tsx$/m.test(text) ? 'tsx' : 'ts',
    module: `${[...new Set(imports)].join('\n')}\n${bodies.join('')}${'}'.repeat(blocks.length)}\n`,
    blocks: blocks.length,
  }
}
