/** @module Makes docs/api.md: every export and type of each entry of the package, from the declarations that are built. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root, textOf } from '../house/source.js'
import { execute } from '../package/consumer.js'
import { writtenOut } from '../release/option-types.mjs'

/** One exported name, with its docstring and its declaration as the compiler writes it. */
interface Declaration {
  readonly name: string
  /** Runtime values first: `value` before `type`. */
  readonly kind: 'value' | 'type'
  readonly doc: string
  readonly text: string
}

const introduction = `# API

Every export of each entry, made from the docstrings of the source: \`npx vitest run test/api/api-page.test.ts -u\` writes
this page anew. The other pages say how things are used together.
`

/** The page. The declarations are made anew, as the build makes them. */
export async function apiPage(): Promise<string> {
  const cache = join(root, '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'api-'))
  try {
    for (const project of ['tsconfig.json', 'tsconfig.browser.json']) await emit(project, folder)
    return await pageOf(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function emit(project: string, folder: string): Promise<void> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const switches = ['--emitDeclarationOnly', '--composite', 'false', '--incremental', 'false']
  const { stdout } = await execute(
    process.execPath,
    [compiler, '-p', join(root, project), ...switches, '--outDir', folder],
    root,
  )
  if (stdout.trim() !== '') throw new Error(stdout)
}

async function pageOf(folder: string): Promise<string> {
  const { exports } = JSON.parse(textOf('package.json')) as {
    exports: Record<string, { readonly types?: string } | string>
  }
  const homes = new Map<string, string>()
  const sections: string[] = []
  for (const [path, entry] of Object.entries(exports)) {
    if (typeof entry === 'string' || entry.types === undefined) continue
    const name = `citizen-session${path.slice(1)}`
    const declarations = await exportsOf(join(folder, entry.types.replace('./dist/', '')))
    const parts = [...declarations].sort(byKindAndName).map((declaration) => {
      const key = `${declaration.name}\n${declaration.text}`
      const home = homes.get(key)
      if (home !== undefined)
        return `### \`${declaration.name}\`\n\nThe same as in [\`${home}\`](#${anchorOf(home)}).\n`
      homes.set(key, name)
      return partOf(declaration)
    })
    sections.push(`## \`${name}\`\n\n${parts.join('\n')}`)
  }
  return `${introduction}\n${sections.join('\n')}`
}

function byKindAndName(one: Declaration, other: Declaration): number {
  if (one.kind !== other.kind) return one.kind === 'value' ? -1 : 1
  return one.name < other.name ? -1 : 1
}

const anchorOf = (name: string): string => name.replaceAll('/', '')

function partOf({ name, doc, text }: Declaration): string {
  return `### \`${name}\`\n\n${doc === '' ? '' : `${doc}\n\n`}\`\`\`typescript\n${text}\n\`\`\`\n`
}

/** Everything that a declaration file exports, what it passes on of others included. */
export async function exportsOf(file: string): Promise<readonly Declaration[]> {
  const found: Declaration[] = []
  const statements = statementsOf(await readFile(file, 'utf8'))
  for (const { doc, text } of statements) {
    const passedOn = /^export (type )?\{([^}]*)\}(?: from '([^']+)')?;$/s.exec(text)
    if (passedOn === null) {
      const shown = await writtenOut(text, (name) => tableText(file, name, statements))
      const declaration = declarationOf(doc, shown)
      if (declaration !== undefined) found.push(declaration)
      continue
    }
    const [, , list = '', from] = passedOn
    const wanted = list.split(',').flatMap((part) => part.trim().replace(/^type /, '') || [])
    if (wanted.length === 0) continue
    for (const each of wanted) {
      const [inner = each, outer = inner] = each.split(' as ')
      const place = from ?? importOf(inner, statements)
      const source =
        place === undefined
          ? localsOf(statements)
          : await exportsOf(join(dirname(file), place.replace(/\.js$/, '.d.ts')))
      const same = source.filter(({ name }) => name === inner)
      if (same.length === 0) throw new Error(`${file} exports ${each}, which is not found`)
      found.push(...same.map((declaration) => ({ ...declaration, name: outer })))
    }
  }
  return merged(found)
}

/** The type of a table of options, here or where it is imported from. */
async function tableText(file: string, name: string, statements: readonly Statement[]): Promise<string> {
  const place = importOf(name, statements)
  const from = place === undefined ? file : join(dirname(file), place.replace(/\.js$/, '.d.ts'))
  const own = place === undefined ? statements : statementsOf(await readFile(from, 'utf8'))
  const start = `export declare const ${name}: `
  const found = own.find(({ text }) => text.startsWith(start))
  if (found === undefined) throw new Error(`${file} has no table ${name}`)
  return found.text.slice(start.length).replace(/;$/, '')
}

/** Where an imported name comes from. */
function importOf(name: string, statements: readonly Statement[]): string | undefined {
  for (const { text } of statements) {
    const [, list = '', from] = /^import (?:type )?\{([^}]*)\} from '(\.[^']+)';$/s.exec(text) ?? []
    if (list.split(',').some((part) => part.trim().replace(/^type /, '') === name)) return from
  }
  return undefined
}

/** Overloads in one. */
function merged(declarations: readonly Declaration[]): readonly Declaration[] {
  const byName = new Map<string, Declaration>()
  for (const each of declarations) {
    const before = byName.get(each.name)
    byName.set(
      each.name,
      before === undefined
        ? each
        : { ...before, doc: before.doc || each.doc, text: `${before.text}\n${each.text}` },
    )
  }
  return [...byName.values()]
}

interface Statement {
  readonly doc: string
  readonly text: string
}

const localsOf = (statements: readonly Statement[]): readonly Declaration[] =>
  statements.flatMap(({ doc, text }) => declarationOf(doc, `export ${text.replace(/^export /, '')}`) ?? [])

function declarationOf(doc: string, text: string): Declaration | undefined {
  const [, keyword = '', name] =
    /^export (?:declare )?(?:abstract )?(function|const|class|interface|type) (\w+)/.exec(text) ?? []
  if (name === undefined) return undefined
  const isType = keyword === 'interface' || keyword === 'type'
  const shown = text
    .replace(/^export (?:declare )?/, '')
    .replaceAll(/^ +(?:#private|private \w.*);\n/gm, '')
    .replaceAll('    ', '  ')
    .replaceAll(/import\("[^"]+"\)\./g, '')
  return { name, kind: isType ? 'type' : 'value', doc: wordsOf(doc), text: shown }
}

/** The words of a docstring as Markdown. */
function wordsOf(doc: string): string {
  const lines = doc
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.trim().replace(/^\* ?/, ''))
  return lines
    .join('\n')
    .trim()
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .replaceAll(/^@throws /gm, '\nThrows ')
    .replaceAll(/^@\w+ ?/gm, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

/** The top-level statements of a declaration file, each with the comment right above it. */
export function statementsOf(text: string): readonly Statement[] {
  const statements: Statement[] = []
  let doc: string[] = []
  let open: string[] = []
  let depth = 0
  let isComment = false
  for (const line of text.split('\n')) {
    const begins = /^\s*\/\*\*/.test(line)
    if (begins || isComment) {
      if (open.length === 0) doc = begins ? [line] : [...doc, line]
      else open.push(line)
      isComment = !line.includes('*/')
      continue
    }
    if (line.trim() === '' && open.length === 0) continue
    open.push(line)
    for (const character of line.replaceAll(/'[^']*'/g, '')) {
      if ('{(['.includes(character)) depth += 1
      if ('})]'.includes(character)) depth -= 1
    }
    if (depth > 0 || !/[;}]$/.test(line)) continue
    statements.push({ doc: doc.join('\n'), text: open.join('\n') })
    doc = []
    open = []
  }
  return statements
}
