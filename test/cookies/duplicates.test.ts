import { describe, expect, it } from 'vitest'
import { createCookieScanner } from '../../src/cookies/parse.js'
import { combinations } from '../../src/shared-cookie/duplicates.js'

const scan = createCookieScanner({ header: 'h', payload: 'p', signature: 's', hint: 'x' })
const joined = (text: string) => {
  const found = combinations(scan(text))
  return found === 'too-many'
    ? found
    : found.map((each) => `${each.header}.${each.payload}.${each.signature}`)
}

describe('the tokens that the received parts can make', () => {
  it.each([
    ['one of each', 'h=1; p=2; s=3', ['1.2.3']],
    ['the same twice', 'h=1; p=2; s=3; h=1; p=2; s=3', ['1.2.3']],
    ['two payloads and signatures', 'h=1; p=2; s=3; p=4; s=5', ['1.2.3', '1.2.5', '1.4.3', '1.4.5']],
    [
      'two of each',
      'h=1; p=1; s=1; h=2; p=2; s=2',
      ['1.1.1', '1.1.2', '1.2.1', '1.2.2', '2.1.1', '2.1.2', '2.2.1', '2.2.2'],
    ],
    [
      'eight of one',
      `h=1; p=2; ${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `s=${n}`).join('; ')}`,
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `1.2.${n}`),
    ],
    ['nine of one', `h=1; p=2; ${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `s=${n}`).join('; ')}`, 'too-many'],
    ['two, two and three', 'h=1; p=1; s=1; h=2; p=2; s=2; s=3', 'too-many'],
  ])('%s', (_, text, expected) => {
    expect(joined(text)).toEqual(expected)
  })

  it.each(['', 'h=1', 'h=1; p=2', 'p=2; s=3', 'h=1; h=2; s=3', 'x=1'])(
    'CK-11 a missing part makes no token, never a partial one: "%s"',
    (text) => {
      expect(joined(text)).toEqual([])
    },
  )

  it('a header full of distinct values is refused at once', () => {
    const many = (name: string) => Array.from({ length: 800 }, (_, index) => `${name}=${index}`).join(';')
    expect(joined(`${many('h')};${many('p')}`)).toEqual([])
    expect(joined(`h=1;p=1;${many('s')}`)).toBe('too-many')
  })
})
