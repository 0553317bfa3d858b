/** @module Writes out the types that follow from a table of options: for docs/api.md, and for the declarations in the package. */
import { parseAst } from 'rolldown/parseAst'

const utility =
  /(?:Omit<)?(InputOf|GivenRequired|GivenOptional|GivenAnywhere|ResolvedOf)<typeof (\w+)>(?:, ((?:'\w+'(?: \| )?)+)>)?/

/** A declaration with every type that follows from a table written out; what has no table text is left as it is. */
export async function writtenOut(text, tableText) {
  const head = /^((?:export )?(?:declare )?interface \w+(?:<.*?>)?) extends (.*?) \{\n/s.exec(text)
  const start = head === null ? undefined : await headOf(head, tableText)
  if (head === null) return await innerOf(text, tableText)
  return `${start ?? head[0]}${await innerOf(text.slice(head[0].length), tableText)}`
}

/** The beginning of an interface with the members that it extends; `undefined`: none of them follows from a table. */
async function headOf([, name = '', list = ''], tableText) {
  const kept = []
  const members = []
  for (const part of partsOf(list)) {
    const found = utility.exec(part)
    const lines = found?.[0] === part ? await membersOf(found, '    ', tableText) : undefined
    if (lines === undefined) kept.push(part)
    else if (lines !== '') members.push(lines)
  }
  if (members.length === 0) return undefined
  return `${name}${kept.length === 0 ? '' : ` extends ${kept.join(', ')}`} {\n${members.join('\n')}\n`
}

/** What an interface extends: the commas between angle brackets are within one type. */
function partsOf(list) {
  const parts = ['']
  let depth = 0
  for (const piece of list.split(/(, |<|>)/)) {
    if (piece === '<') depth += 1
    if (piece === '>') depth -= 1
    if (piece === ', ' && depth === 0) parts.push('')
    else parts.push(`${parts.pop()}${piece}`)
  }
  return parts
}

/** The same for types of members. */
async function innerOf(text, tableText, from = 0) {
  const inner = utility.exec(text.slice(from))
  if (inner === null) return text
  const at = from + inner.index
  const indent = /^ */.exec(text.slice(text.lastIndexOf('\n', at) + 1))?.[0] ?? ''
  const members = await membersOf(inner, `${indent}    `, tableText)
  if (members === undefined) return await innerOf(text, tableText, at + inner[0].length)
  const written = `{\n${members}\n${indent}}`
  return await innerOf(`${text.slice(0, at)}${written}${text.slice(at + inner[0].length)}`, tableText, at)
}

async function membersOf([, way, name = '', omitted = ''], indent, tableText) {
  const table = await tableText(name)
  if (table === undefined) return undefined
  const text = `type T = ${table}`
  const literal = parseAst(text, { lang: 'ts' }).body[0].typeAnnotation
  const left = new Set([...omitted.matchAll(/'(\w+)'/g)].map(([, member]) => member))
  return linesOf(literal, { text, indent, way, left }).join('\n')
}

function linesOf(literal, { text, indent, way, left }) {
  let end = literal.start + 1
  return literal.members.flatMap((member) => {
    const doc = text.slice(end, member.start).trim()
    end = member.end
    const { name } = member.key
    const type = member.typeAnnotation.typeAnnotation
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
    const [value = '', given = ''] = type.typeArguments.params.map((each) =>
      text.slice(each.start, each.end).replaceAll(/(?<!import\()"([^"]*)"/g, "'$1'"),
    )
    const mayLack = way === 'GivenAnywhere' || (isInput ? presence !== 'Required' : presence === 'Optional')
    const shown = isInput ? given : value
    const whole = mayLack ? `${shown.includes('=>') ? `(${shown})` : shown} | undefined` : shown
    return [...docLines, `${indent}readonly ${name}${isInput && mayLack ? '?' : ''}: ${whole};`]
  })
}

/** Whether an entry is among those that a type takes of its table; a group is never required. */
function isOf(way, presence) {
  return (
    (way !== 'GivenRequired' || presence === 'Required') &&
    (way !== 'GivenOptional' || presence !== 'Required')
  )
}
