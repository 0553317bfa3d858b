import { describe, expect, it } from 'vitest'
import { claimsIn, cookieValue } from '../../src/browser/claims-cookie.js'

const encode = (text: string) => Buffer.from(text).toString('base64url')

describe('the claims cookie', () => {
  it.each([
    ['alone', 'c1_payload=abc', 'abc'],
    ['among others', 'a=1; c1_payload=abc; b=2', 'abc'],
    ['not a name that ends alike', 'old_c1_payload=abc', undefined],
    ['not a name that begins alike', 'c1_payload2=abc', undefined],
    ['not one of two', 'c1_payload=abc; c1_payload=def', undefined],
    ['nothing', '', undefined],
  ])('is found: %s', (_, cookies, value) => {
    expect(cookieValue(cookies, 'c1_payload')).toBe(value)
  })

  it('shows its claims, with every letter', () => {
    expect(claimsIn(encode('{"name":"Zoë Ångström 🙂","sub":"a?b>c"}'))).toEqual({
      name: 'Zoë Ångström 🙂',
      sub: 'a?b>c',
    })
  })

  it.each([
    ['nothing', undefined],
    ['what is no base64url', '%%%'],
    ['what is no JSON', encode('{')],
    ['a list', encode('[1]')],
    ['a text', encode('"claims"')],
    ['null', encode('null')],
  ])('shows none in %s', (_, payload) => {
    expect(claimsIn(payload)).toBeNull()
  })
})
