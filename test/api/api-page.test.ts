import { expect, it } from 'vitest'
import { textOf } from '../house/source.js'
import { apiPage, statementsOf } from './api-page.js'

it('FLD-11 docs/api.md is what the build declares; vitest -u writes it', { timeout: 120_000 }, async () => {
  await expect(await apiPage()).toMatchFileSnapshot('../../docs/api.md')
})

it('FLD-11 docs/api.md has every entry, and no export without a word about it', () => {
  const page = textOf('docs/api.md')
  const { exports } = JSON.parse(textOf('package.json')) as { exports: Record<string, unknown> }
  for (const path of Object.keys(exports)) {
    if (path !== './package.json') expect(page).toContain(`\n## \`citizen-session${path.slice(1)}\`\n`)
  }
  const silent = [...page.matchAll(/^### `(\w+)`\n\n```/gm)].map(([, name]) => name)
  expect(silent).toEqual([])
})

it('FLD-11 no type is declared twice: of two interfaces of one name the compiler makes one, for everybody', () => {
  const entries = textOf('docs/api.md').split(/^### /m)
  const doubled = entries.flatMap((entry) => {
    const names = [...entry.matchAll(/^(?:interface|class) (\w+)/gm)].map(([, name]) => name)
    return names.filter((name, index) => names.indexOf(name) !== index)
  })
  expect(doubled).toEqual([])
})

it('keeps statements apart', () => {
  const text = [
    '/** One. */',
    'export interface One {',
    '    /** With a { in it. */',
    "    readonly two: '}' | Two;",
    '}',
    'export declare const three: (',
    '    four: number,',
    ') => void;',
    'export {};',
  ].join('\n')
  expect(statementsOf(text).map(({ doc, text }) => [doc, text.split('\n').length])).toEqual([
    ['/** One. */', 4],
    ['', 3],
    ['', 1],
  ])
})
