/** @module The requirement ids that tests carry: none misspelt, and which have no test yet. */
import { expect, it } from 'vitest'
import { repositoryFiles, textOf } from './source.js'

/** One line each: the id, then M (must), S (should), H (hardening) or - where the source has no such word. */
const requirements = new Map(
  textOf('test/requirements.txt')
    .trimEnd()
    .split('\n')
    .map((line): [string, string] => {
      const [id = '', strength = ''] = line.split(' ')
      return [id, strength]
    }),
)

/** Ids of the parts that the list covers. */
function idsIn(text: string): readonly string[] {
  return text.match(/\b(?:BCL|FCL|RPI|SES|SLO|CK|JWT|ASV|NIST|RACE|REF|HLD|FLD)-\d+\b/g) ?? []
}

const carried = repositoryFiles()
  .filter((path) => /^test\/.*\.[jt]s$/.test(path) && !path.startsWith('test/house/'))
  .flatMap((path) => idsIn(textOf(path)).map((id) => ({ path, id })))

it('is a list of ids with their strength', () => {
  expect(requirements.size).toBeGreaterThanOrEqual(165)
  for (const [id, strength] of requirements)
    expect([id, idsIn(id), strength]).toEqual([id, [id], expect.stringMatching(/^[MSROH-]$/)])
})

it('finds an id that is none', () => {
  expect(idsIn("it('CK-99 keeps …')").filter((id) => !requirements.has(id))).toEqual(['CK-99'])
})

it('has no test with an id that is none', () => {
  expect(carried.filter(({ id }) => !requirements.has(id))).toEqual([])
})

it('prints which requirements have no test', () => {
  const shown = new Set(carried.map(({ id }) => id))
  const missing = [...requirements.keys()].filter((id) => !shown.has(id))
  console.log(
    `${shown.size} of ${requirements.size} requirements have a test; without: ${missing.join(' ') || 'none'}`,
  )
  expect(shown.size + missing.length).toBe(requirements.size)
})
