/** @module Who may import whom, as data, and the check of one file against it. */
import { posix } from 'node:path'
import type { Import } from './source.js'

/** A part of the source may import what stands in a later row. Parts of one row do not know each other. */
const order: readonly (readonly string[])[] = [
  ['index'],
  ['compose'],
  ['reporting'],
  ['alerts', 'debug-log'],
  ['suite'],
  ['endpoints'],
  ['authenticate'],
  ['gate'],
  ['oidc', 'saml', 'protocol-sessions', 'shared-cookie'],
  ['guards'],
  ['logout'],
  ['login'],
  ['sessions'],
  ['config'],
  ['protocols'],
  ['redis'],
  ['issuing'],
  ['tokens'],
  ['pages'],
  ['cookies'],
  ['only-true'],
  ['stores'],
  ['xml-crypto'],
]

/** They import nothing but each other's types, the errors that they throw, and how a text becomes an address. */
const leaves = new Set([
  'outbound',
  'exchange',
  'host-names',
  'optional-package',
  'parse-url',
  'path-match',
  'public-path',
  'printable',
  'misuse',
  'errors',
  'events',
  'clock',
  'seal',
  'digest',
  'digest-memory',
  'single-flight',
  'close-in-stages',
  'wait',
  'timers',
  'recent',
  'citizen',
  'receipt',
  'backoff',
  'session-record',
])

/** Programs that stand beside the core: nobody imports them. What each may import by value besides leaves. */
const beside: Readonly<Record<string, ReadonlySet<string>>> = {
  browser: new Set(),
  emulator: new Set(['xml-crypto']),
  cli: new Set([
    'index',
    'config',
    'gate',
    'emulator',
    'issuing',
    'tokens',
    'cookies',
    'stores',
    'redis',
    'shared-cookie',
    'protocols',
    'oidc',
    'saml',
  ]),
}

/** `config` knows the others only by their types. */
const typesOnly = new Set(['config'])

/** Checks of single option values, for plug-ins that have options of their own. */
const optionChecks = new Set(
  ['addresses', 'check-definitions', 'descriptor', 'option-types', 'nearest', 'assurance-level'].map(
    (name) => `src/config/${name}.ts`,
  ),
)

/** Packages, and the one place that may import each; `src/` alone means every part of the core. */
const packages: Readonly<Record<string, readonly string[]>> = {
  jose: ['src/'],
  ioredis: ['src/stores/'],
  redis: ['src/stores/'],
  otpauth: ['src/emulator/'],
  uqr: ['src/emulator/'],
  tldts: ['src/cli/'],
  'openid-client': ['src/oidc/'],
  'xml-crypto': ['src/xml-crypto'],
  '@opentelemetry/api': ['adapters/opentelemetry'],
  express: ['adapters/express'],
  'express-session': ['adapters/express-session'],
  koa: ['adapters/koa'],
  next: ['adapters/next'],
  react: ['adapters/react'],
}

/** What one adapter alone may import, and its own parts. */
const partsOfAdapters: Readonly<Record<string, string>> = {
  'adapters/next-action.ts': 'adapters/next.ts',
  'adapters/next-cookies.ts': 'adapters/next.ts',
  'adapters/next-requirement.ts': 'adapters/next.ts',
  'adapters/next-runtime.ts': 'adapters/next.ts',
  'src/browser/browser.ts': 'adapters/react.ts',
  'src/browser/header/header.ts': 'adapters/react.ts',
}

/** What adapters stand on, besides their frameworks. */
const sharedByAdapters = new Set([
  'src/index.ts',
  'adapters/node.ts',
  'adapters/upgrade.ts',
  'adapters/web.ts',
  'adapters/session-owner.ts',
])

const withoutNode = [/^src\/browser\//, /^src\/guards\//, /^src\/sessions\//, /^adapters\/(?:fetch|web)\b/]
const drawers = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'service', 'lib'])

/** Lines of the longest function. */
export const mostLines = 80

/** Functions that may be longer, as `path: name`, each with its reason. */
export const longFunctions: Readonly<Record<string, string>> = {}

/** Files that may be longer than 400 lines, each with its reason. */
export const longFiles: Readonly<Record<string, string>> = {}

/** The part of `src` that a file belongs to: its folder, or its own name. */
function partOf(path: string): string {
  const [, first = '', ...rest] = path.split('/')
  return rest.length === 0 ? first.replace(/\.tsx?$/, '') : first
}

function rankOf(part: string): number {
  return order.findIndex((row) => row.includes(part))
}

/** What is wrong with one import of a file; `undefined` if nothing. */
export function judgeImport(path: string, { target, isRelative, isType }: Import): string | undefined {
  if (!isRelative) return judgePackage(path, target)
  if (path.startsWith('adapters/')) {
    return sharedByAdapters.has(target) || partsOfAdapters[target] === (partsOfAdapters[path] ?? path)
      ? undefined
      : `an adapter imports only ${[...sharedByAdapters].join(', ')} and its framework`
  }
  if (!target.startsWith('src/')) return 'src imports nothing outside of src'
  const [from, to] = [partOf(path), partOf(target)]
  if (from === to) return undefined
  if (from === 'browser') return 'browser imports only itself'
  if (to in beside && !(from === 'cli' && to === 'emulator')) return `${to} is imported by nobody`
  if ((from === 'oidc' && to === 'saml') || (from === 'saml' && to === 'oidc'))
    return 'protocols do not know each other'
  if ((from === 'oidc' || from === 'saml') && optionChecks.has(target)) return undefined
  if (leaves.has(from))
    return to === 'errors' || to === 'parse-url' || to === 'timers' || (isType && leaves.has(to))
      ? undefined
      : 'a leaf imports only types of leaves, errors, parse-url and timers'
  if (leaves.has(to)) return undefined
  const extra = beside[from]
  if (extra !== undefined) return extra.has(to) ? undefined : `${from} does not import ${to}`
  if (rankOf(from) === -1) return `${from} has no place in the order of parts`
  if (rankOf(to) === -1) return `${to} has no place in the order of parts`
  if (typesOnly.has(from) && !isType) return `${from} imports only types of other parts`
  return rankOf(to) > rankOf(from) ? undefined : `${to} does not stand below ${from}`
}

function judgePackage(path: string, target: string): string | undefined {
  if (target.startsWith('node:')) {
    return withoutNode.some((pattern) => pattern.test(path))
      ? 'node: modules are kept out of here'
      : undefined
  }
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
  if (path.startsWith('src/browser/')) return 'browser imports only itself'
  const places = packages[name]
  if (places === undefined) return `${name} is no package that the source may import`
  const isHere = places.some((place) => path.startsWith(place))
  return isHere ? undefined : `${name} is imported only by ${places.join(', ')}`
}

/** What is wrong with a file by itself: its name, its first line, its length, default exports. */
export function judgeFile(path: string, text: string): readonly string[] {
  const problems: string[] = []
  const words = path.replace(/\.tsx?$/, '').split('/')
  const drawer = words.find((word) => drawers.has(word))
  if (drawer !== undefined) problems.push(`${drawer} says nothing about what is in it`)
  const isEntry = path === 'src/index.ts' || path === 'src/emulator/index.ts'
  if (posix.basename(path) === 'index.ts' && !isEntry) problems.push('an inner barrel')
  if (!/^(?:#!.*\n)?\/\*\*(?: |\n \* )@module \S/.test(text))
    problems.push('does not begin with an @module line')
  if (/^export default\b|^export \{[^}]*\bas default\b/m.test(text)) problems.push('a default export')
  const lines = text.trimEnd().split('\n').length
  if (lines > 400 && !(path in longFiles)) problems.push(`${lines} lines, more than 400, without a reason`)
  return problems
}

/** Circles among imports, of types too, each as the files along it. */
export function cyclesOf(imports: ReadonlyMap<string, readonly Import[]>): readonly (readonly string[])[] {
  const cycles: string[][] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const position = trail.indexOf(path)
    if (position !== -1) {
      cycles.push([...trail.slice(position), path])
      return
    }
    if (finished.has(path)) return
    for (const { target, isRelative } of imports.get(path) ?? []) {
      if (isRelative) visit(target, [...trail, path])
    }
    finished.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return cycles
}
