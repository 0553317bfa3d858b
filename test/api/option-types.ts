/** @module Writes out the types that follow from a table of options, so that the page shows members and not how they are made. */
import { parseAst } from 'rolldown/parseAst'

/** The text of the type of a table, as in `{ readonly id: RequiredOption<string, string>; }`, by its name. */
export type TableText = (name: string) => Promise<string>

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

const utility =
  /(?:Omit<)?(InputOf|GivenRequired|GivenOptional|ResolvedOf)<typeof (\w+)>(?:, ((?:'\w+'(?: \| )?)+)>)?/

/** A declaration with every type that follows from a table written out. */
export async function writtenOut(text: string, tableText: TableText): Promise<string> {
  const head = /^(export (?:declare )?interface \w+(?:<.*?>)?) extends (.*?) \{\n/s.exec(text)
  if (head !== null && utility.test(head[2] ?? '')) return await withMembers(text, head, tableText)
  const inner = utility.exec(text)
  if (inner === null) return text
  const indent = /^ */.exec(text.slice(text.lastIndexOf('\n', inner.index) + 1))?.[0] ?? ''
  const members = await membersOf(inner, `${indent}    `, tableText)
  return await writtenOut(
    text.replace(inner[0], () => `{\n${members}\n${indent}}`),
    tableText,
  )
}

async function withMembers(text: string, head: RegExpExecArray, tableText: TableText): Promise<string> {
  const [all, name = '', list = ''] = head
  const parts = list.split(/, (?=[A-Z])/)
  const made = parts.flatMap((part) => utility.exec(part) ?? [])
  const others = parts.filter((part) => !utility.test(part))
  const members: string[] = []
  for (const each of parts) {
    const found = utility.exec(each)
    const lines = found === null ? '' : await membersOf(found, '    ', tableText)
    if (lines !== '') members.push(lines)
  }
  if (made.length === 0) return text
  const rest = text.slice(all.length)
  const start = `${name}${others.length === 0 ? '' : ` extends ${others.join(', ')}`} {\n`
  return await writtenOut(`${start}${members.join('\n')}\n${rest}`, tableText)
}

async function membersOf(found: RegExpExecArray, indent: string, tableText: TableText): Promise<string> {
  const [, way, name = '', omitted = ''] = found
  const text = `type T = ${await tableText(name)}`
  const { body } = parseAst(text, { lang: 'ts' }) as unknown as { readonly body: readonly Node[] }
  const literal = body[0]?.typeAnnotation as Node
  const left = new Set([...omitted.matchAll(/'(\w+)'/g)].map(([, member]) => member))
  return linesOf(literal, { text, indent, way: way as Way, left }).join('\n')
}

type Way = 'InputOf' | 'GivenRequired' | 'GivenOptional' | 'ResolvedOf'

interface Writing {
  readonly text: string
  readonly indent: string
  readonly way: Way
  readonly left: ReadonlySet<string | undefined>
}

function linesOf(literal: Node, { text, indent, way, left }: Writing): readonly string[] {
  let end = literal.start + 1
  return (literal.members as readonly Node[]).flatMap((member) => {
    const doc = text.slice(end, member.start).trim()
    end = member.end
    const name = String((member.key as Node).name)
    const type = (member.typeAnnotation as Node).typeAnnotation as Node
    const presence = /^\S*?\b(\w+)Option</.exec(text.slice(type.start, type.end))?.[1]
    if (left.has(name) || !isOf(way, presence)) return []
    const docLines =
      doc === '' ? [] : doc.split('\n').map((line) => `${indent}${line.trim().replace(/^\*/, ' *')}`)
    const isInput = way !== 'ResolvedOf'
    if (type.type === 'TSTypeLiteral') {
      const inWay = isInput ? 'InputOf' : way
      const inner = linesOf(type, { text, indent: `${indent}    `, way: inWay, left: new Set() })
      const [mark, rest] = isInput ? ['?', ' | undefined'] : ['', '']
      return [...docLines, `${indent}readonly ${name}${mark}: {`, ...inner, `${indent}}${rest};`]
    }
    const [value = '', given = ''] = argumentsOf(type, text)
    const mayLack = isInput ? presence !== 'Required' : presence === 'Optional'
    const shown = isInput ? given : value
    const whole = mayLack ? `${shown.includes('=>') ? `(${shown})` : shown} | undefined` : shown
    return [...docLines, `${indent}readonly ${name}${isInput && mayLack ? '?' : ''}: ${whole};`]
  })
}

/** Whether an entry is among those that a type takes of its table; a group is never required. */
function isOf(way: Way, presence: string | undefined): boolean {
  return (
    (way !== 'GivenRequired' || presence === 'Required') &&
    (way !== 'GivenOptional' || presence !== 'Required')
  )
}

/** The checked value of an option, and what may be written. */
function argumentsOf(type: Node, text: string): readonly string[] {
  return ((type.typeArguments as Node).params as readonly Node[]).map(({ start, end }) =>
    text
      .slice(start, end)
      .replaceAll(/import\("[^"]+"\)\./g, '')
      .replaceAll('"', "'"),
  )
}
