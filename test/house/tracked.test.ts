/** @module What no file of the repository may hold: hosts and paths of one machine, and installs bound to one registry. */
import { describe, expect, it } from 'vitest'
import { repositoryFiles, textOf } from './source.js'

/** Written so that no line here matches itself. */
const forbidden: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['the host of a package registry', /\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b|\bnpm\.pkg\.github[.]com\b/i],
  [
    'a path of one machine',
    /(?<![\w.*-])\/(?:wor[k]|roo[t]|hom[e]\/[a-z]+)\/|\/tm[p]\/bash|\/User[s]\/[a-z]+\//,
  ],
  [
    'how the work was done',
    /\bA[I][- ](?:agent|assistant|generated|written)|\b(?:cod[i]ng|sub)[- ]?age[n]ts?\b|\bL[L]M\b/i,
  ],
]

function findingsIn(path: string, text: string): readonly string[] {
  return forbidden.flatMap(([name, pattern]) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${name}`] : [])),
  )
}

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly dependencies?: object; readonly optionalDependencies?: object; readonly link?: boolean }
    >
  >
}

/** Packages that a locked one names and that no folder above it holds. */
function missingIn({ packages }: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in packages))
      .map((name) => `${path} -> ${name}`),
  )
}

function foldersAbove(path: string): readonly string[] {
  const parts = path === '' ? [] : path.split('/')
  return [...parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`), ''].reverse()
}

describe('the repository', () => {
  it('names no registry, no machine and no tool of its making', () => {
    const texts = repositoryFiles().filter((path) => !/\.(png|ico|woff2?|gif|jpe?g)$/.test(path))
    expect(texts).toContain('package.json')
    expect(texts.flatMap((path) => findingsIn(path, textOf(path)))).toEqual([])
  })

  it('locks every package that another one names, for all platforms, or `npm ci` refuses it', () => {
    expect(missingIn(JSON.parse(textOf('package-lock.json')))).toEqual([])
  })

  it('locks versions without binding them to a registry', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { resolved?: string }>
    }
    const bound = Object.entries(packages).filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('examples/'),
    )
    expect(bound).toEqual([])
  })
})

it('finds what a lock lacks', () => {
  const packages = {
    '': { dependencies: { a: '1' } },
    'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { c: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { a: '1' } },
  }
  expect(missingIn({ packages })).toEqual(['node_modules/a -> c'])
})

describe('the search', () => {
  it.each([
    `see https://${'registry'}.npmjs.org/jose`,
    `cd ${'/work'}/main`,
    `output in ${'/tmp'}/bash_jobs`,
    `in ${'/home'}/ana/code`,
    `written by a ${'coding'} agent`,
  ])('finds %j', (line) => {
    expect(findingsIn('a', `one\n${line}\n`)).toEqual([expect.stringMatching(/^a:2: /)])
  })

  it.each([
    'the User-Agent header',
    'an https.Agent',
    "app.get('/work')",
    'GET /home',
    'src/work/a.ts',
    'https://a.example/root/x',
  ])('leaves %j alone', (line) => {
    expect(findingsIn('a', line)).toEqual([])
  })
})
