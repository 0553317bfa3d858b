import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkNames } from '../../src/cli/doctor/finding.js'
import { commands } from '../../src/cli/run.js'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const folder = new URL('../../src/cli/doctor/', import.meta.url)

describe('docs/cli.md', () => {
  it.each(Object.keys(commands))('has a section for %s', (name) => {
    expect(page).toMatch(new RegExp(`^## ${name}\\b`, 'm'))
  })

  it.each(checkNames)('has a row for the check %s', (name) => {
    expect(page).toContain(`\n| \`${name}\` |`)
  })

  it('names every code that the doctor warns or fails with, in the row of its check', () => {
    const codes = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      const calls = text.matchAll(
        /\b(?:warn|fail|complain|differs)\(\s*(?:[^'`]*\? )?'([a-z-]+)'(?: : '([a-z-]+)')?/g,
      )
      return [...calls].flatMap(([, one, other]) => [one, other]).filter((code) => code !== undefined)
    })
    expect(codes.length).toBeGreaterThan(40)
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([])
  })
})
