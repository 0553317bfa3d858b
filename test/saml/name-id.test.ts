import { describe, expect, it } from 'vitest'
import { isSameNameId, type NameId, nameIdKey, sessionIndexKey } from '../../src/saml/name-id.js'
import { idp, sp } from './provider.js'

const parties = { identityProvider: idp, serviceProvider: sp }
const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
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
    expect(nameIdKey(left, parties) === nameIdKey(right, parties)).toBe(isSame)
    expect(sessionIndexKey(left, 's1', parties) === sessionIndexKey(right, 's1', parties)).toBe(isSame)
  })

  it('sessions and providers have keys of their own', () => {
    const name = { value: 'ana' }
    const keys = [
      nameIdKey(name, parties),
      nameIdKey(name, { ...parties, identityProvider: 'https://other.example' }),
      sessionIndexKey(name, 's1', parties),
      sessionIndexKey(name, 's2', parties),
    ]
    expect(new Set(keys).size).toBe(4)
    for (const one of keys) expect(one).toMatch(/^[\w-]{22}$/)
  })
})
