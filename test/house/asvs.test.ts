/** @module The page `docs/asvs.md`: a line for each requirement of the chapters, and what it names is there. */
import { describe, expect, it } from 'vitest'
import { leadsSomewhere, linksIn } from './links.js'
import { isThere, testsIn } from './named-tests.js'
import { repositoryFiles, textOf } from './source.js'

/** Number and level of each requirement. Facts of ASVS 5.0.0; its words stand nowhere here. */
const requirements = textOf('test/asvs.txt')
  .split('\n')
  .filter((line) => /^\d/.test(line))
  .map((line) => line.split(' '))

const page = textOf('docs/asvs.md')

/** A line of the page: one for each requirement. */
const lines = page
  .split('\n')
  .filter((line) => /^\| [\d.]+ \| \d \|/.test(line))
  .map((line) => {
    const [number = '', level = '', asks = '', verdict = '', how = '', shownBy = '', ...more] = line
      .replace(/^\| | \|$/g, '')
      .split(' | ')
    return { number, level, asks, verdict, how, tests: shownBy === '–' ? [] : testsIn(shownBy), more }
  })

/** What must be shown by a test, and what must not be claimed without a reason. */
const shown = ['met', 'with your setting', 'in part']
const verdicts = [...shown, 'not met', 'not ours']

describe('the page of ASVS', () => {
  it('has every requirement of the chapters once, in their order, with its level', () => {
    expect(requirements).toHaveLength(106)
    expect(lines.map(({ number, level }) => [number, level])).toEqual(requirements)
    expect(lines.filter(({ more }) => more.length > 0)).toEqual([])
    // No line is passed over for how it is written.
    expect(page.match(/^\| [\d.]+ \|/gm)).toHaveLength(lines.length)
  })

  it('says of each what it asks, a verdict that there is, and how or why not', () => {
    const wrong = lines.filter(
      ({ asks, verdict, how }) => asks.length < 10 || !verdicts.includes(verdict) || how.length < 15,
    )
    expect(wrong.map(({ number }) => number)).toEqual([])
  })

  it('names a test for whatever it claims, none for what is missing, and each is there under its title', () => {
    const unshown = lines.filter(({ verdict, tests }) => shown.includes(verdict) && tests.length === 0)
    expect(unshown.map(({ number }) => number)).toEqual([])
    const claimed = lines.filter(({ verdict, tests }) => verdict === 'not met' && tests.length > 0)
    expect(claimed.map(({ number }) => number)).toEqual([])
    const wrong = lines.flatMap(({ number, tests }) =>
      tests.filter((test) => !isThere(test)).map(({ file, title }) => `${number}: ${file}: ${title}`),
    )
    expect(wrong).toEqual([])
  })

  it('says what is missing where something is, and which setting where one is wanted', () => {
    const silent = lines.filter(
      ({ verdict, how }) =>
        (verdict === 'in part' && !how.includes('Missing: ')) ||
        (verdict === 'with your setting' && !/`[^`]+`/.test(how)),
    )
    expect(silent.map(({ number }) => number)).toEqual([])
  })

  it('counts its verdicts', () => {
    for (const verdict of verdicts) {
      const count = lines.filter((line) => line.verdict === verdict).length
      expect(page, verdict).toContain(`| ${verdict} | ${count} |`)
    }
  })

  it('leads to pages and headings that are there', () => {
    const own = linksIn(page).filter((address) => !/^https?:/.test(address))
    expect(own.length).toBeGreaterThan(10)
    expect(own.filter((address) => !leadsSomewhere(address))).toEqual([])
  })
})

it('the table of what is kept names every cookie of ours', () => {
  const operations = textOf('docs/operations.md')
  const table = operations.slice(operations.indexOf('## What is kept'), operations.indexOf('## Redis'))
  const source = repositoryFiles()
    .filter((path) => path.startsWith('src/'))
    .map(textOf)
    .join('\n')
  const calls = /(?:ownCookieName\([\w.]+, |purpose: |\.transactions<\w+>\()'(\w+)'(?! \|)/g
  const named = new Set([...source.matchAll(calls)].map(([, name = '']) => name))
  expect(named.size).toBeGreaterThanOrEqual(11)
  expect([...named].filter((name) => !new RegExp(`\\.${name}\\b`).test(table))).toEqual([])
})
