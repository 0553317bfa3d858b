import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinToken, splitToken } from '../../src/tokens/token-parts.js'

const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)

describe('splitting and joining a token', () => {
  it('gives back what was joined', () => {
    fc.assert(
      fc.property(part, part, part, (header, payload, signature) => {
        const parts = { header, payload, signature }
        expect(splitToken(joinToken(parts))).toEqual(parts)
      }),
    )
  })

  it('joins what was split to the same text, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 }), (pieces) => {
        const text = pieces.join('.')
        const parts = splitToken(text)
        const isToken = text.split('.').length === 3 && text.split('.').every((piece) => piece !== '')
        expect(parts === undefined ? undefined : joinToken(parts)).toBe(isToken ? text : undefined)
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['one part', 'a'],
    ['two parts', 'a.b'],
    ['an empty header', '.b.c'],
    ['an empty payload', 'a..c'],
    ['an empty signature, as alg none has', 'a.b.'],
    ['four parts', 'a.b.c.d'],
    ['five parts, as JWE has', 'a.b.c.d.e'],
    ['dots only', '..'],
  ])('refuses %s', (_, text) => {
    expect(splitToken(text)).toBeUndefined()
  })
})
