/** @module `npm run test:changed`: which files a change is followed from. */
import { expect, it } from 'vitest'
import { concernedFiles } from '../concerned.mjs'

const texts = new Map([
  ['package.json', ''],
  ['docs/cli.md', ''],
  ['test/requirements.txt', ''],
  ['src/a.ts', ''],
  ['src/user.ts', "import { gone } from './gone.js'"],
  ['examples/demo/start.mjs', ''],
  ['test/a.test.ts', "import '../src/a.js'"],
  ['test/support/world.ts', ''],
  ['test/docs/cli.test.ts', "textOf('docs/cli.md')"],
  ['test/docs/snippets.test.ts', ''],
  ['test/api/api-page.test.ts', ''],
  ['test/examples/demo.test.ts', ''],
  ['test/examples/demo-process.ts', 'join(root, `examples/demo/start.mjs`)'],
  ['test/cli/doctor-demo.test.ts', ''],
  ['test/house/imports.test.ts', ''],
  ['test/house/requirements.test.ts', "textOf('test/requirements.txt')"],
])
const house = ['test/house/imports.test.ts', 'test/house/requirements.test.ts']
const running = ['test/cli/doctor-demo.test.ts', 'test/examples/demo.test.ts']
const documentation = ['test/docs/cli.test.ts', 'test/docs/snippets.test.ts']
const page = 'test/api/api-page.test.ts'

it.each<[what: string, changed: string, files: readonly string[]]>([
  ['a file of the source', 'src/a.ts', ['src/a.ts', ...running, ...documentation, page]],
  [
    'one that is gone, or has another name',
    'src/gone.ts',
    ['src/user.ts', ...running, ...documentation, page],
  ],
  ['a test', 'test/a.test.ts', ['test/a.test.ts']],
  ['what supports tests', 'test/support/world.ts', ['test/support/world.ts']],
  ['a page', 'docs/cli.md', [...documentation, page]],
  ['a list that a test reads', 'test/requirements.txt', []],
  [
    'an example',
    'examples/demo/start.mjs',
    ['examples/demo/start.mjs', 'test/examples/demo-process.ts', ...running, ...documentation],
  ],
])('follows %s', (_, changed, files) => {
  expect(concernedFiles([changed], texts)).toEqual([...files, ...house].sort())
})

it.each(['package.json', 'package-lock.json', 'vitest.config.ts', 'test/support/set-up-file.ts'])(
  'runs everything for %s',
  (changed) => {
    expect(concernedFiles(['src/a.ts', changed], texts)).toBeUndefined()
  },
)

it('follows nothing where nothing has changed', () => {
  expect(concernedFiles([], texts)).toEqual([])
})
