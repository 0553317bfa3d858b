/** @module The layout of the source: who imports whom, and how files are named and opened. */
import { describe, expect, it } from 'vitest'
import { functionsOf } from './functions.js'
import { cyclesOf, judgeFile, judgeImport, longFiles, longFunctions, mostLines } from './rules.js'
import { importsOf, repositoryFiles, textOf } from './source.js'

const sources = repositoryFiles().filter((path) => /^(src|adapters)\/.*\.tsx?$/.test(path))

describe('the source', () => {
  it('has files to look at', () => {
    expect(sources).toContain('src/exchange.ts')
  })

  it('imports only downwards, and packages only where they belong', () => {
    const problems = sources.flatMap((path) =>
      importsOf(path, textOf(path)).flatMap((each) => {
        const problem = judgeImport(path, each)
        return problem === undefined ? [] : [`${path} -> ${each.target}: ${problem}`]
      }),
    )
    expect(problems).toEqual([])
  })

  it('imports only files that are there', () => {
    const there = new Set(sources.map((path) => path.replace(/\.tsx$/, '.ts')))
    const missing = sources.flatMap((path) =>
      importsOf(path, textOf(path))
        .filter(({ isRelative, target }) => isRelative && !there.has(target))
        .map(({ target }) => `${path} -> ${target}`),
    )
    expect(missing).toEqual([])
  })

  it('has no circle of files, types included', () => {
    expect(cyclesOf(new Map(sources.map((path) => [path, importsOf(path, textOf(path))])))).toEqual([])
  })

  it('names, opens and exports as the house does', () => {
    const problems = sources.flatMap((path) =>
      judgeFile(path, textOf(path)).map((problem) => `${path}: ${problem}`),
    )
    expect(problems).toEqual([])
  })

  it('asks URL.canParse nowhere: Node 20 gives wrong answers', () => {
    const asking = sources.filter(
      (path) => !path.startsWith('src/emulator/') && /\bcanParse\(/.test(textOf(path)),
    )
    expect(asking).toEqual([])
  })

  it('has no function of more than 80 lines, those apart that say why', () => {
    const long = sources.flatMap((path) =>
      functionsOf(path, textOf(path))
        .filter(({ lines }) => lines > mostLines)
        .map(({ name, lines }) => `${path}: ${name} has ${lines} lines`),
    )
    const isListed = (problem: string) =>
      Object.keys(longFunctions).some((known) => problem.startsWith(`${known} has `))
    expect(long.filter((problem) => !isListed(problem))).toEqual([])
    const listed = Object.keys(longFunctions)
    expect(listed.filter((known) => !long.some((problem) => problem.startsWith(`${known} has `)))).toEqual([])
  })

  it('lists no long file that is short again', () => {
    const short = Object.keys(longFiles).filter((path) => textOf(path).split('\n').length <= 400)
    expect(short).toEqual([])
  })
})

describe('the reader of functions', () => {
  it.each([
    ['function a() {\n}', [{ name: 'a', lines: 2 }]],
    ['const a = () => 1', [{ name: 'a', lines: 1 }]],
    ['class A { b() {\n\n} }', [{ name: 'b', lines: 3 }]],
    ['const a = {\n  b() {\n  },\n}', [{ name: 'b', lines: 2 }]],
    [
      'function a() {\n  const b = () => {\n  }\n}',
      [
        { name: 'a', lines: 4 },
        { name: 'b', lines: 2 },
      ],
    ],
    ['const a = 1', []],
  ])('reads %j', (text, functions) => {
    expect(functionsOf('src/a.ts', text)).toEqual(functions)
  })
})

describe('the reader of imports', () => {
  it.each([
    ["import { a } from './b.js'", ['src/x/b.ts', true, false]],
    ["import type { a } from './b.js'", ['src/x/b.ts', true, true]],
    ["import { type a } from './b.js'", ['src/x/b.ts', true, false]],
    ["import type from './b.js'", ['src/x/b.ts', true, false]],
    ["import './b.js'", ['src/x/b.ts', true, false]],
    ["import * as b from '../y/b.js'", ['src/y/b.ts', true, false]],
    ["import c, { d } from 'node:fs'", ['node:fs', false, false]],
    ["import {\n  a,\n  type b,\n} from '../errors.js'", ['src/errors.ts', true, false]],
    ["export { a } from './b.js'", ['src/x/b.ts', true, false]],
    ["export * from './b.js'", ['src/x/b.ts', true, false]],
    ["export type { a } from './b.js'", ['src/x/b.ts', true, true]],
    ["export type * from './b.js'", ['src/x/b.ts', true, true]],
    ["const a = await import('./b.js')", ['src/x/b.ts', true, false]],
    ["const a = await import(/* why */ 'c')", ['c', false, false]],
    ["let a: import('./b.js').Name", ['src/x/b.ts', true, true]],
  ] as const)('reads %j', (text, [target, isRelative, isType]) => {
    expect(importsOf('src/x/a.ts', text)).toEqual([{ target, isRelative, isType }])
  })

  it.each([
    "// import { a } from './b.js'",
    "/**\n * import { a } from './b.js'\n * await import('./b.js')\n */",
    "export const a = 'b'",
    "export type A = 'b' | 'c'",
    "export function f(a = 'b') {}",
    "export { a }\nf('x')",
  ])('reads no import in %j', (text) => {
    expect(importsOf('src/x/a.ts', text)).toEqual([])
  })
})

describe('the rules', () => {
  it.each([
    [
      'src/tokens/verify.ts',
      "import { a } from '../sessions/timers.js'",
      'sessions does not stand below tokens',
    ],
    [
      'src/cookies/parse.ts',
      "export { a } from '../tokens/verify.js'",
      'tokens does not stand below cookies',
    ],
    [
      'src/stores/memory/store.ts',
      "const a = await import('../../suite.js')",
      'suite does not stand below stores',
    ],
    [
      'src/config/resolve.ts',
      "import { a } from '../stores/memory.js'",
      'config imports only types of other parts',
    ],
    [
      'src/seal.ts',
      "import { a } from './digest.js'",
      'a leaf imports only types of leaves, errors, parse-url and timers',
    ],
    ['src/oidc/plugin.ts', "import type { A } from '../saml/plugin.js'", 'protocols do not know each other'],
    ['src/suite.ts', "import type { A } from './emulator/people.js'", 'emulator is imported by nobody'],
    ['src/emulator/login.ts', "import { a } from '../cli/main.js'", 'cli is imported by nobody'],
    ['src/emulator/login.ts', "import { a } from '../tokens/verify.js'", 'emulator does not import tokens'],
    ['src/suite.ts', "import { a } from './drawer/a.js'", 'drawer has no place in the order of parts'],
    ['src/index.ts', "import { a } from '../adapters/node.js'", 'src imports nothing outside of src'],
    ['src/browser/start.ts', "import type { A } from '../citizen.js'", 'browser imports only itself'],
    ['src/browser/start.ts', "import { a } from 'jose'", 'browser imports only itself'],
    ['src/sessions/record.ts', "import { a } from 'node:crypto'", 'node: modules are kept out of here'],
    ['src/guards/verdict.ts', "import { a } from 'node:url'", 'node: modules are kept out of here'],
    ['adapters/fetch.ts', "import { a } from 'node:http'", 'node: modules are kept out of here'],
    ['adapters/koa.ts', "import { a } from 'express'", 'express is imported only by adapters/express'],
    [
      'adapters/express.ts',
      "import { a } from '../src/suite.js'",
      'an adapter imports only src/index.ts, adapters/node.ts, adapters/upgrade.ts, adapters/web.ts, adapters/session-owner.ts and its framework',
    ],
    [
      'adapters/web.ts',
      "import { a } from './next-cookies.js'",
      'an adapter imports only src/index.ts, adapters/node.ts, adapters/upgrade.ts, adapters/web.ts, adapters/session-owner.ts and its framework',
    ],
    ['src/sessions/record.ts', "import type { A } from '../suite.js'", 'suite does not stand below sessions'],
    [
      'src/events.ts',
      "import type { A } from './stores/store.js'",
      'a leaf imports only types of leaves, errors, parse-url and timers',
    ],
    [
      'src/oidc/plugin.ts',
      "import { a } from '../shared-cookie/login.js'",
      'shared-cookie does not stand below oidc',
    ],
    ['src/suite.ts', "import { a } from 'lodash'", 'lodash is no package that the source may import'],
    ['src/suite.ts', "import type { A } from 'ioredis'", 'ioredis is imported only by src/stores/'],
  ])('%s may not have %j', (path, text, problem) => {
    expect(importsOf(path, text).map((each) => judgeImport(path, each))).toEqual([problem])
  })

  it.each([
    ['src/suite.ts', "import { a } from './stores/memory.js'"],
    ['src/sessions/record.ts', "import type { A } from '../stores/store.js'"],
    ['src/seal.ts', "import { a } from './errors.js'"],
    ['src/events.ts', "import type { A } from './receipt.js'"],
    ['src/tokens/verify.ts', "import { a } from 'jose'"],
    ['src/cli/main.ts', "import { a } from '../emulator/index.js'"],
    ['adapters/express.ts', "import { a } from './node.js'"],
    ['adapters/express.ts', "import { a } from '../src/index.js'"],
    ['adapters/next.ts', "import { a } from 'next/headers.js'"],
    ['adapters/next-action.ts', "import { a } from './next-cookies.js'"],
  ])('%s may have %j', (path, text) => {
    expect(importsOf(path, text).map((each) => judgeImport(path, each))).toEqual([undefined])
  })

  it('finds a circle, also one that a type closes', () => {
    const read = (texts: Readonly<Record<string, string>>) =>
      cyclesOf(new Map(Object.entries(texts).map(([path, text]) => [path, importsOf(path, text)])))
    const there = "import { b } from './b.js'"
    expect(read({ 'src/a.ts': there, 'src/b.ts': "import { a } from './a.js'" })).toEqual([
      ['src/a.ts', 'src/b.ts', 'src/a.ts'],
    ])
    expect(read({ 'src/a.ts': there, 'src/b.ts': "import type { a } from './a.js'" })).toHaveLength(1)
  })

  it.each([
    ['src/utils/a.ts', '/** @module A. */\n', 'utils says nothing about what is in it'],
    ['src/stores/helpers.ts', '/** @module A. */\n', 'helpers says nothing about what is in it'],
    ['src/stores/index.ts', '/** @module A. */\n', 'an inner barrel'],
    ['src/a.ts', "import 'x'\n/** @module A. */\n", 'does not begin with an @module line'],
    ['src/a.ts', '/** @module A. */\nexport default 1\n', 'a default export'],
    ['src/a.ts', '/** @module A. */\nexport { a as default }\n', 'a default export'],
    ['src/a.ts', `/** @module A. */\n${'a\n'.repeat(400)}`, '401 lines, more than 400, without a reason'],
  ])('%s: %#', (path, text, problem) => {
    expect(judgeFile(path, text)).toEqual([problem])
  })
})
