/** @module The functions of a file and their length: the parser of a bundler reads them. */
import { parseAst } from 'rolldown/parseAst'

/** A function as it stands in a file. */
export interface FoundFunction {
  readonly name: string
  /** Lines from its first to its last, a factory with all that it closes over. */
  readonly lines: number
}

const kinds = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** Every function of a TypeScript file, inner ones too. */
export function functionsOf(path: string, text: string): readonly FoundFunction[] {
  const found: FoundFunction[] = []
  const visit = (node: unknown, name: string): void => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) {
      for (const each of node) visit(each, name)
      return
    }
    const { type, id, key, start, end } = node as Record<string, unknown>
    const own = nameOf(id) ?? nameOf(key) ?? name
    if (kinds.has(String(type))) {
      const lines = text.slice(Number(start), Number(end)).split('\n').length
      found.push({ name: own, lines })
    }
    for (const value of Object.values(node)) visit(value, own)
  }
  visit(parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }), '?')
  return found
}

function nameOf(node: unknown): string | undefined {
  const name = typeof node === 'object' && node !== null ? Reflect.get(node, 'name') : undefined
  return typeof name === 'string' ? name : undefined
}
