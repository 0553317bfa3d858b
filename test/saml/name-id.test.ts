import { describe, expect, it } from 'vitest'
import { digest } from '../../src/digest.js'
import { isNamedBy, isSameNameId, type NameId } from '../../src/saml/name-id.js'
import { keysOf, soughtKeys } from '../../src/saml/name-keys.js'
import { nameOfSubject, subjectOf } from '../../src/saml/stored-name-id.js'
import { idp, sp } from './provider.js'

const parties = { identityProvider: idp, serviceProvider: sp }
const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const email = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

describe('SLO-07 a name is the same person', () => {
  const rows: readonly (readonly [NameId, NameId, boolean])[] = [
    [{ value: 'ana' }, { value: 'ana' }, true],
    [{ value: 'ana' }, { value: 'Ana' }, false],
    [{ value: 'ana' }, { value: 'ana ' }, false],
    [{ value: 'ana' }, { value: 'ana', format: unspecified }, true],
    [{ value: 'ana' }, { value: 'ana', format: persistent }, false],
    [{ value: 'ana', nameQualifier: idp }, { value: 'ana' }, true],
    [{ value: 'ana', nameQualifier: 'https://other.example' }, { value: 'ana' }, false],
    [{ value: 'ana', spNameQualifier: sp }, { value: 'ana' }, true],
    [{ value: 'ana', spNameQualifier: 'https://other.example' }, { value: 'ana' }, false],
    [{ value: 'ana', nameQualifier: '' }, { value: 'ana' }, false],
  ]
  it.each(rows)('%j and %j: %s', (left, right, isSame) => {
    expect(isSameNameId(left, right, parties)).toBe(isSame)
  })
})

describe('FLD-04 a verified message means a session', () => {
  const other = 'https://other.example'
  const parts = (values: readonly (string | undefined)[], name: keyof NameId) =>
    values.map((value) => (value === undefined ? {} : { [name]: value }))
  const formats = parts([undefined, unspecified, persistent, email, 'urn:own'], 'format')
  const names = parts([undefined, idp, other], 'nameQualifier')
  const spNames = parts([undefined, sp, other], 'spNameQualifier')
  const all: readonly NameId[] = ['ana', 'Ana'].flatMap((value) =>
    formats.flatMap((format) =>
      names.flatMap((name) => spNames.map((spName) => ({ value, ...format, ...name, ...spName }))),
    ),
  )
  const isFound = (kept: NameId, asked: NameId, sessionIndex?: string) => {
    const { keys, earlier } = soughtKeys({ nameId: asked, sessionIndex }, parties, 'urn:own')
    const own = keysOf({ nameId: kept, sessionIndex }, parties)
    return {
      now: own.some((key) => keys.includes(key)),
      before: [...keys, ...earlier].includes(own[0] ?? ''),
    }
  }

  it.each([undefined, 's1'])(
    'by keys as by its name, where nothing contradicts it, with the index %s',
    (index) => {
      for (const kept of all) {
        for (const asked of all) {
          // What we keep is for us, and of the provider, where the assertion did not say.
          const filled = { nameQualifier: idp, spNameQualifier: sp, ...kept }
          expect([kept, asked, isFound(kept, asked, index).now]).toEqual([
            kept,
            asked,
            isNamedBy(filled, asked),
          ])
        }
      }
    },
  )

  it('leaves out what it does not say', () => {
    expect(isNamedBy({ value: 'ana', format: email }, { value: 'ana' })).toBe(true)
    expect(isNamedBy({ value: 'ana' }, { value: 'ana', format: email, nameQualifier: other })).toBe(true)
    expect(isNamedBy({ value: 'ana', format: email }, { value: 'ana', format: persistent })).toBe(false)
    expect(isNamedBy({ value: 'ana', nameQualifier: idp }, { value: 'ana', nameQualifier: other })).toBe(
      false,
    )
    expect(isNamedBy({ value: 'ana' }, { value: 'Ana' })).toBe(false)
  })

  it('that 0.1.0 began', () => {
    const key = (format: string) => digest('saml-name-id', idp, 'ana', format, idp, sp)
    for (const format of [email, persistent, unspecified, 'urn:own']) {
      const { keys, earlier } = soughtKeys({ nameId: { value: 'ana' } }, parties, 'urn:own')
      expect(earlier).toContain(key(format))
      expect(keys).not.toContain(key(format))
      expect(keysOf({ nameId: { value: 'ana', format } }, parties)[0]).toBe(key(format))
      expect(soughtKeys({ nameId: { value: 'ana', format } }, parties).keys.includes(key(format))).toBe(
        format !== unspecified,
      )
    }
  })

  it('with few keys: usual qualifiers need none of their own', () => {
    expect(keysOf({ nameId: { value: 'ana', nameQualifier: idp } }, parties)).toHaveLength(2)
    expect(keysOf({ nameId: { value: 'ana', nameQualifier: other } }, parties)).toHaveLength(4)
    const both = { value: 'ana', nameQualifier: other, spNameQualifier: other }
    expect(keysOf({ nameId: both }, parties)).toHaveLength(8)
  })

  it('of its provider alone, and of no other index', () => {
    const name = { nameId: { value: 'ana' } }
    const found = [
      keysOf(name, parties),
      keysOf(name, { ...parties, identityProvider: other }),
      keysOf({ ...name, sessionIndex: 's1' }, parties),
      keysOf({ ...name, sessionIndex: 's2' }, parties),
    ].flat()
    expect(new Set(found).size).toBe(8)
    for (const one of found) expect(one).toMatch(/^[\w-]{22}$/)
  })
})

it('a subject gives back the name that it was made of', () => {
  for (const nameId of [
    { value: 'ana', format: persistent },
    { value: 'ana', format: email },
    { value: '[1' },
  ]) {
    const name = nameOfSubject(subjectOf(nameId, parties))
    expect(isSameNameId(name, nameId, parties)).toBe(true)
  }
})
