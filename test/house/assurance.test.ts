/** @module The page `docs/assurance.md`: a row for each promise of SECURITY.md, and what a row names is there. */
import { describe, expect, it } from 'vitest'
import { rules } from '../model/faults.mjs'
import { leadsSomewhere, linksIn } from './links.js'
import { isThere, testsIn } from './named-tests.js'
import { textOf } from './source.js'

const page = textOf('docs/assurance.md')

/** As it is read: without marks of Markdown. */
const plain = (text: string): string =>
  text
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/[*`]/g, '')
    .replaceAll("'", '’')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Sections that promise nothing. */
const withoutPromise = ['Reporting', 'What it does not do']
/** Paragraphs that promise nothing: the introduction of a list, advice, where to read on. */
const noPromise = [
  'The identity provider’s token lies in cookies',
  'Put only applications on the base domain',
  'How this package stands to OWASP’s standard',
]

/** What SECURITY.md promises: each item of a list, each row of a table, each other paragraph. */
function promisesIn(text: string): readonly string[] {
  return text
    .split(/^## /m)
    .slice(1)
    .filter((section) => !withoutPromise.some((title) => section.startsWith(title)))
    .flatMap((section) => section.slice(section.indexOf('\n')).split(/\n\n|\n(?=- |\| )/))
    .map((block) => plain(block.replace(/^\s*(?:- |\| )/, '')))
    .filter((block) => block !== '' && !/^(?:\||against \| by|-{3})/.test(block))
    .filter((block) => !noPromise.some((beginning) => block.startsWith(beginning)))
}

/** The cells of the rows of a table, by the words of its head. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const [, table = ''] = page.split(`| ${head} |\n`)
  const [, ...lines] = table.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(0, end).map((line) => line.replace(/^\| | \|$/g, '').split(' | '))
}

const promises = promisesIn(textOf('SECURITY.md'))
const rows = rowsOf('promise | examples | beyond examples').map(
  ([quotation = '', examples = '', beyond = '']) => ({
    quotation: quotation.replace(/^“| …”$/g, ''),
    examples: testsIn(examples),
    beyond: beyond === '–' ? [] : beyond.split('<br>'),
  }),
)

const simulated = textOf('test/simulation/invariants.ts')
const scripts = (JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts

/** Whether something beyond examples is there: a rule, a command, a page, a test. */
function isKnown(entry: string): boolean {
  const [, kind, rule = ''] = /^(simulation|model): (.+)$/.exec(entry) ?? []
  if (kind === 'simulation') return simulated.includes(`'${rule}'`)
  if (kind === 'model') return Object.values(rules).includes(rule)
  const [, command] = /^`npm run ([\w:]+)`: .{10,}$/.exec(entry) ?? []
  if (command !== undefined) return scripts[command] !== undefined
  const [address] = linksIn(entry)
  return address === undefined ? testsIn(entry).every(isThere) : leadsSomewhere(address)
}

describe('promise by promise', () => {
  it('has a row for each promise of SECURITY.md, in its order, and for nothing else', () => {
    expect(promises.length).toBeGreaterThan(35)
    const found = promises.map((promise) => rows.filter(({ quotation }) => promise.startsWith(quotation)))
    const wrong = promises.filter((_, index) => found[index]?.length !== 1)
    expect(wrong.map((promise) => promise.slice(0, 60))).toEqual([])
    expect(found.flat().map(({ quotation }) => quotation)).toEqual(rows.map(({ quotation }) => quotation))
  })

  it('names tests that are there, by their titles, for each', () => {
    const wrong = rows.flatMap(({ quotation, examples }) =>
      examples.filter((test) => !isThere(test)).map(({ file, title }) => `${quotation}: ${file}: ${title}`),
    )
    expect(wrong).toEqual([])
    expect(rows.every(({ examples }) => examples.length > 0)).toBe(true)
  })

  it('names rules, commands, pages and tests that are there, beyond examples', () => {
    const wrong = rows.flatMap(({ quotation, beyond }) =>
      beyond.filter((entry) => !isKnown(entry)).map((entry) => `${quotation}: ${entry}`),
    )
    expect(wrong).toEqual([])
    expect(rows.filter(({ beyond }) => beyond.length > 0).length).toBeGreaterThan(15)
  })
})

describe('every command', () => {
  const told = rowsOf('command | what it shows | last result | on')

  it('has what it shows, its last result and the day', () => {
    expect(told.length).toBeGreaterThan(8)
    const wrong = told.filter(
      ([command = '', shows = '', result = '', day = '', ...more]) =>
        more.length > 0 ||
        !/^`[^`]+`$/.test(command) ||
        shows.length < 10 ||
        result.length < 8 ||
        !/^\d{1,2} [A-Z][a-z]+ \d{4}$/.test(day),
    )
    expect(wrong).toEqual([])
  })

  it('is one of ours, and those that judge by themselves are all told', () => {
    const commands = told.map(([command = '']) => command.replaceAll('`', ''))
    const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
    const judging = ['simulate', 'model', 'eight', 'test:faults', 'bench'].map((name) => `npm run ${name}`)
    expect(judging.filter((command) => !commands.includes(command))).toEqual([])
  })

  it('leads to pages and headings that are there', () => {
    const own = linksIn(page).map((address) => (address.startsWith('#') ? `assurance.md${address}` : address))
    expect(own.filter((address) => !leadsSomewhere(address))).toEqual([])
  })
})
