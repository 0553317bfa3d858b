/** @module The page `docs/documents.md`: it quotes the documents, names tests that are there, and leaves no sentence out. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { leadsSomewhere } from './links.js'
import { isThere, type NamedTest, testsIn } from './named-tests.js'
import { repositoryFiles, textOf } from './source.js'

const folder = 'test/documents/'
const names = repositoryFiles().filter(
  (path) => path.startsWith(folder) && path !== `${folder}asks-nothing.txt`,
)

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** A document sentence by sentence. Lines end a sentence; numbers of lists and lone signs are none. */
const sentencesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) => oneLine(line).split(/(?<=[.!?]) (?=[A-Z“])/))
    .filter((sentence) => /\p{L}{2}/u.test(sentence))

/** A row of the page. */
interface Row {
  readonly document: string
  readonly quotation: string
  readonly pages: readonly string[]
  readonly tests: readonly NamedTest[]
}

const rows: readonly Row[] = textOf('docs/documents.md')
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const document = /`(test\/documents\/[\w-]+\.txt)`/.exec(section)?.[1] ?? ''
    const lines = section.split('\n').filter((line) => line.startsWith('| “'))
    return lines.map((line) => rowOf(document, line))
  })

function rowOf(document: string, line: string): Row {
  const [, quotation = '', , pages = '', tests = ''] = line
    .split(' | ')
    .flatMap((cell, index) => (index === 0 ? ['', cell.replace(/^\| /, '')] : [cell.replace(/ \|$/, '')]))
  return {
    document,
    quotation: quotation.replace(/^“|”$/g, ''),
    pages: [...pages.matchAll(/\]\(([^)]+)\)/g)].map(([, page = '']) => page),
    tests: testsIn(tests),
  }
}

/** Of each document the sentences that ask nothing, each with the reason where one is given. */
const asksNothing: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  textOf(`${folder}asks-nothing.txt`)
    .split(/^# /m)
    .slice(1)
    .map((section) => {
      const [name = '', ...lines] = section.trimEnd().split('\n')
      const sentences = lines
        .filter((line) => line !== '')
        .map((line): [string, string] => {
          const [sentence = '', reason = ''] = line.split(' => ')
          return [sentence, reason]
        })
      return [`${folder}${name}`, new Map(sentences)]
    }),
)

/** Words by which a sentence asks for something, or promises it. */
const asking =
  /\b(?:must|shall|should|will|can|may|needs?|requires?d?|recommend\w*|responsib\w*|never|always|supports?|follows?|allows?|offers?|enabled?|issued?|verif\w+|implement\w*|provides?|register\w*|configur\w+)\b/i

/** The documents as they were published: whoever changes a word of them says so here. */
const published: Readonly<Record<string, string>> = {
  'test/documents/citizenone-integration.txt': '82X6DBgP1Jt1wasPpM_sRpBO0tfdZZNSCMiJGQ23v3g',
  'test/documents/citizenone-security.txt': '8lItojgeg6FEyz7H_oxiXY5g4PvpwTLeUoPdwxTdq50',
  'test/documents/safewhere-session-management.txt': 'BkHrYYBJMzgEz-vgrz-62JrbOE8aYmx0uh_pyvPfyB8',
  'test/documents/vivoldi-sso.txt': '2J4AsFkmiYLJDiONweqG39UJmvY4XSgjtC8QTwtdTn0',
}

describe('the page of the documents', () => {
  it.each(names)('has the text as it was published: %s', (name) => {
    const digest = createHash('sha256').update(textOf(name)).digest('base64url')
    expect(digest).toBe(published[name])
  })

  it('is read row by row: none is passed over for how it is written', () => {
    const tables = textOf('docs/documents.md')
      .split('\n')
      .filter((line) => line.startsWith('|'))
    const heads = tables.filter((line) => /^\| sentence \||^\|-/.test(line))
    expect(tables.length - heads.length).toBe(rows.length)
    expect(heads).toHaveLength(2 * names.length)
  })

  it('has rows for each of the four', () => {
    expect(names).toHaveLength(4)
    expect([...new Set(rows.map(({ document }) => document))].sort()).toEqual([...names].sort())
    expect(rows.length).toBeGreaterThan(80)
  })

  it.each(names)('quotes what the document says, in whole sentences: %s', (name) => {
    const text = oneLine(textOf(name))
    const sentences = sentencesOf(textOf(name))
    const ofDocument = rows.filter(({ document }) => document === name)
    const wrong = ofDocument.filter(
      ({ quotation }) =>
        !text.includes(quotation) || !sentences.some((sentence) => quotation.includes(sentence)),
    )
    expect(wrong.map(({ quotation }) => quotation)).toEqual([])
  })

  it.each(names)('leaves no sentence out: %s', (name) => {
    const quoted = rows.filter(({ document }) => document === name).map(({ quotation }) => quotation)
    const isQuoted = (sentence: string) => quoted.some((quotation) => quotation.includes(sentence))
    const nothing = asksNothing.get(name) ?? new Map<string, string>()
    const sentences = sentencesOf(textOf(name))
    expect(sentences.filter((sentence) => !isQuoted(sentence) && !nothing.has(sentence))).toEqual([])
    // Nothing is in both, and nothing is listed that the document does not say.
    expect([...nothing.keys()].filter((sentence) => isQuoted(sentence))).toEqual([])
    expect([...nothing.keys()].filter((sentence) => !sentences.includes(sentence))).toEqual([])
  })

  it('says why a sentence asks nothing that has a word which asks', () => {
    const listed = [...asksNothing.values()].flatMap((sentences) => [...sentences])
    expect(listed.length).toBeGreaterThan(50)
    expect(listed.filter(([sentence, reason]) => asking.test(sentence) && reason.length < 5)).toEqual([])
  })

  it('names tests that are there, by their titles', () => {
    const wrong = rows.flatMap(({ quotation, tests }) =>
      tests
        .filter((test) => !isThere(test))
        .map(({ file, title }) => `${quotation.slice(0, 40)}…: ${file}: ${title}`),
    )
    expect(wrong).toEqual([])
    expect(rows.every(({ tests }) => tests.length > 0)).toBe(true)
  })

  it('leads to pages and headings that are there', () => {
    const wrong = rows.flatMap(({ pages }) => pages.filter((page) => !leadsSomewhere(page)))
    expect([...new Set(wrong)]).toEqual([])
    expect(rows.every(({ pages }) => pages.length > 0)).toBe(true)
  })
})

describe('the reader of documents', () => {
  it('tells sentences apart, and takes numbers and signs for none', () => {
    expect(sentencesOf('1.\nOne. Two is e.g. here!\n- \n{\n“Three” ends\n')).toEqual([
      'One.',
      'Two is e.g. here!',
      '“Three” ends',
    ])
  })
})
