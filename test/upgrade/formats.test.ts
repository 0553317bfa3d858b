/**
 * @module What is written down for later: the version of each format is raised only with a reader for the last one. For every
 * version from the first to today's there are vectors here, and today's code reads them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRing, serializeRing } from '../../src/issuing/ring-state.js'
import { createKeyRing, keyFolder } from '../../src/issuing/sso.js'
import { createSealer } from '../../src/seal.js'
import { parseKept, parseRecord, parseRevocation } from '../../src/stores/redis/format.js'
import { repositoryFiles, textOf } from '../house/source.js'
import { vectors } from './vectors.js'

const ringText = textOf('test/vectors/0.1.0/key-ring.json')

/** Every text of the store that was kept, by what it is. */
const texts = Object.values(vectors.everyKind.store).flatMap(({ value }) =>
  typeof value === 'string' ? [] : Object.entries(value),
)
const textsOf = (field: RegExp, version: number): string[] =>
  texts.flatMap(([name, text]) => (field.test(name) && text.startsWith(`${version} `) ? [text] : []))

const sealer = createSealer({ application: 'benefits', secrets: vectors.secrets, random: Buffer.alloc })

/** Each format: where its version stands, and how many vectors of a version today's code reads. */
const formats: readonly (readonly [
  name: string,
  path: string,
  version: RegExp,
  read: (version: number) => number,
])[] = [
  [
    'what is sealed',
    'src/seal.ts',
    /^const version = (\d+)$/m,
    (version) =>
      vectors.seals.filter(
        ({ purpose, place, sealed, text }) =>
          Buffer.from(sealed, 'base64url')[0] === version && sealer.open(purpose, place, sealed) === text,
      ).length,
  ],
  ...[
    ['records', /^r:/, parseRecord] as const,
    ['kept refreshes', /^k:/, parseKept] as const,
    ['revocations', /^v/, parseRevocation] as const,
  ].map(
    ([name, field, parse]) =>
      [
        `${name} in Redis`,
        'src/stores/redis/format.ts',
        /^const version = '(\d+)'$/m,
        (version: number) => textsOf(field, version).map((text) => parse(text)).length,
      ] as const,
  ),
  [
    'key rings',
    'src/issuing/ring-state.ts',
    /^const version = (\d+)$/m,
    (version) =>
      [ringText].filter((text) => text.startsWith(`{\n  "version": ${version},`)).map(parseRing).length,
  ],
]

describe('FLD-12 the version of a format', () => {
  it.each(formats)('is read as far back as it goes: %s', (_name, path, pattern, read) => {
    const version = Number(pattern.exec(textOf(path))?.[1])
    expect(version).toBeGreaterThan(0)
    const versions = Array.from({ length: version }, (_, index) => index + 1)
    expect(versions.filter((each) => read(each) === 0)).toEqual([])
  })

  it('stands nowhere else: every file that has one is in the table', () => {
    const withVersion = repositoryFiles().filter(
      (path) => /^src\/.*\.ts$/.test(path) && /^const version = /m.test(textOf(path)),
    )
    expect(withVersion).toEqual([...new Set(formats.map(([, path]) => path))].sort())
  })
})

describe('FLD-12 a key ring', () => {
  it('of 0.1.0 is read, and written again as it was', () => {
    const state = parseRing(ringText)
    expect(state.keys.length).toBe(2)
    expect(JSON.parse(serializeRing(state))).toEqual(JSON.parse(ringText))
  })

  it('of a newer release is refused in words, and neither read as empty nor written over', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'citizen-ring-'))
    try {
      const newer = ringText.replace('"version": 1', '"version": 2')
      writeFileSync(join(folder, 'ring.json'), newer, { mode: 0o644 })
      const ring = createKeyRing({
        storage: keyFolder(folder),
        rotateEverySeconds: 86_400,
        onProblem: () => {},
      })
      const expected = { code: 'key-ring', message: expect.stringContaining('newer release') }
      await expect(ring.list()).rejects.toMatchObject(expected)
      await expect(ring.rotate()).rejects.toMatchObject(expected)
      expect(readFileSync(join(folder, 'ring.json'), 'utf8')).toBe(newer)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
