/** @module What the docstrings of a table of options say: the one text that editors, docs/api.md and the pages of options have. */
import { dirname, posix } from 'node:path'
import { parseAst } from 'rolldown/parseAst'
import { variableOf } from '../../src/config/environment.js'
import type { Option, OptionTable } from '../../src/config/option.js'
import { optionsByPath } from '../../src/config/option.js'
import { variablesFor } from '../../src/config/read-variable.js'
import { textOf } from '../house/source.js'

/** One option as it is declared. */
export interface Declared {
  readonly option: Option<unknown>
  /** What it means: the first paragraph of its docstring, without the default. */
  readonly meaning: string
  /** The default in words; `undefined` where none is said. */
  readonly fallback: string | undefined
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

/** The options of a table that a file exports by that name, by their paths and in their order. */
export function declaredIn(path: string, name: string, table: OptionTable): ReadonlyMap<string, Declared> {
  const docs = docsIn(path, name)
  const options = [...optionsByPath(table)].map(([at, option]) => {
    const doc = docs.get(at)
    if (doc === undefined) throw new Error(`${at} has no docstring in ${path}`)
    return [at, { option, ...doc }] as const
  })
  return new Map(options)
}

type Docs = ReadonlyMap<string, Pick<Declared, 'meaning' | 'fallback'>>

function docsIn(path: string, name: string): Docs {
  const text = textOf(path)
  const { body } = parseAst(text, { lang: 'ts' }) as unknown as { readonly body: readonly Node[] }
  const declarators = body
    .map(({ declaration }) => declaration as Node | null | undefined)
    .flatMap((declaration) => (declaration?.declarations ?? []) as readonly Node[])
  const found = declarators.find(({ id }) => (id as Node).name === name)
  if (found !== undefined) return docsOf(found.init as Node, { path, text })
  const from = new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)'`).exec(text)?.[1]
  if (from === undefined) throw new Error(`${path} has no ${name}`)
  return docsIn(posix.join(dirname(path), from).replace(/\.js$/, '.ts'), name)
}

function docsOf(node: Node, file: { readonly path: string; readonly text: string }): Docs {
  if (node.type === 'TSAsExpression') return docsOf(node.expression as Node, file)
  if (node.type === 'Identifier') return docsIn(file.path, String(node.name))
  const found = new Map<string, Pick<Declared, 'meaning' | 'fallback'>>()
  let end = node.start + 1
  for (const property of node.properties as readonly Node[]) {
    const doc = /\/\*\*([\s\S]*?)\*\/\s*$/.exec(file.text.slice(end, property.start))?.[1]
    end = property.end
    if (property.type === 'SpreadElement') {
      for (const [path, inner] of docsOf(property.argument as Node, file)) found.set(path, inner)
      continue
    }
    const key = String((property.key as Node).name)
    const value = property.value as Node
    if (doc !== undefined) found.set(key, wordsOf(doc))
    else for (const [path, inner] of docsOf(value, file)) found.set(`${key}.${path}`, inner)
  }
  return found
}

/** The first paragraph of a docstring in two: its last sentence says the default. */
function wordsOf(doc: string): Pick<Declared, 'meaning' | 'fallback'> {
  const lines = doc.split('\n').map((line) => line.trim().replace(/^\* ?/, ''))
  const [paragraph = ''] = lines.join('\n').trim().split('\n\n')
  const sentence = paragraph.replaceAll('\n', ' ').trim()
  const [, meaning = sentence, fallback] = /^(.*\.) Default:? (.+)\.$/.exec(sentence) ?? []
  return { meaning, fallback }
}

/** A default as the pages write it. */
export function written(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(written).join(', ')
  if (typeof value === 'object' && value !== null) {
    const parameters = new URLSearchParams(value as Record<string, string>).toString()
    return parameters === '' ? 'none' : `\`${parameters}\``
  }
  return `\`${String(value)}\``
}

/** What the column of the default says. */
export function defaultOf({ option, fallback }: Declared): string {
  if (option.presence !== 'required') return fallback ?? ''
  return Reflect.get(option, 'where') === 'shared-cookie'
    ? '**required** for the shared cookie'
    : '**required**'
}

/** What the column of the variable says. */
export function variableWords(path: string, { kind }: Option<unknown>): string {
  const [variable, file] = variablesFor(variableOf(path), kind)
  if (variable === undefined) return 'only in code'
  return file === undefined ? `\`${variable}\`` : `\`${variable}\` or \`…_FILE\``
}

/** A page with the table of a plug-in's options written anew: variable, default and meaning of each. */
export function withOptionTable(page: string, root: string, declared: ReadonlyMap<string, Declared>): string {
  const lines = [...declared].map(([path, each]) => {
    const cells = [
      `\`${path}\``,
      variableWords(`${root}.${path}`, each.option),
      defaultOf(each),
      each.meaning,
    ]
    return `| ${cells.join(' | ')} |\n`
  })
  return page.replace(
    /(^\| option \| variable \| default \| meaning \|\n\|---\|---\|---\|---\|\n)(?:\|.*\n)*/m,
    (_table, head: string) => `${head}${lines.join('')}`,
  )
}

/** What is wrong with how an option is declared; empty: nothing. */
export function faultsOf(declared: Declared): readonly string[] {
  const { option, meaning, fallback } = declared
  const faults: string[] = []
  if (!/^[A-Z`][^|\n]+[^.]\.$/.test(meaning)) faults.push(`the docstring is no sentence: ${meaning}`)
  if (option.presence === 'required' && fallback !== undefined)
    faults.push('a required option has no default')
  if (option.presence !== 'required' && fallback === undefined) {
    faults.push('the docstring does not end with its default, as in `Default none.`')
  }
  if (option.presence !== 'defaulted') return faults
  const words = written(Reflect.get(option, 'fallback'))
  if (words !== fallback) faults.push(`the docstring must end with: Default ${words}.`)
  return faults
}
