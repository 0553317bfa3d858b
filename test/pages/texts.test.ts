import { describe, expect, it } from 'vitest'
import { textsFor } from '../../src/browser/texts.js'
import { isTextKey, languageOf, textOf } from '../../src/pages/texts.js'
import { english } from '../../src/pages/texts-english.js'
import { french } from '../../src/pages/texts-french.js'

describe('the language of a browser', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['de', 'en'],
    ['fr', 'fr'],
    ['FR-ca', 'fr'],
    ['fr-CA,fr;q=0.9,en;q=0.8', 'fr'],
    ['en,fr;q=0.9', 'en'],
    ['fr;q=0.4, en;q=0.6', 'en'],
    ['en;q=0.4 , fr ; q=0.6', 'fr'],
    ['de, fr;q=0.1', 'fr'],
    ['fr;q=0', 'en'],
    ['en;q=0,fr;q=0', 'en'],
    ['en,fr', 'en'],
    ['fr,en', 'fr'],
    ['fra', 'en'],
    ['fr;q=2', 'en'],
    ['fr;q=x', 'en'],
    ['"><script>', 'en'],
    [`${'x'.repeat(600)},fr`, 'en'],
  ])('for %j is %s', (header, language) => {
    expect(languageOf(header)).toBe(language)
  })
})

describe('the texts', () => {
  it.each(Object.keys(english))('have %s in both languages, in words of their own', (key) => {
    if (!isTextKey(key)) throw new Error('the keys of the texts are keys')
    expect(textOf('en', key).trim()).not.toBe('')
    expect(textOf('fr', key).trim()).not.toBe('')
    expect(textOf('fr', key)).not.toBe(textOf('en', key))
    expect(`${textOf('en', key)}${textOf('fr', key)}`).not.toMatch(/[<>{}]/)
  })

  it('hold French marks to the word before them, so that no line begins with one', () => {
    expect(Object.values(french).filter((text) => / [?!;:»]/.test(text))).toEqual([])
    expect(Object.values(textsFor('fr', undefined)).filter((text) => / [?!;:»]/.test(text))).toEqual([])
  })

  it('have the same keys', () => {
    expect(Object.keys(french)).toEqual(Object.keys(english))
  })

  it.each(['toString', '__proto__', 'constructor', ''])('have no key %j', (key) => {
    expect(isTextKey(key)).toBe(false)
  })
})
