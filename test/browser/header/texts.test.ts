import { describe, expect, it } from 'vitest'
import { type HeaderTexts, isFrench, roughly, wordsFor } from '../../../src/browser/header/texts.js'

const names: readonly (keyof HeaderTexts)[] = [
  'label',
  'applications',
  'timeLeft',
  'signIn',
  'signOut',
  'ended',
  'offline',
]

describe('the words of the header', () => {
  it('are all there in both languages, and name the time where it belongs', () => {
    for (const language of ['en', 'fr']) {
      const word = wordsFor(language, undefined)
      expect(names.filter((name) => !word(name).trim() || word(name).includes('|'))).toEqual([])
      expect(names.filter((name) => word(name).includes('{time}'))).toEqual(['timeLeft'])
    }
  })

  it.each([
    ['fr', true],
    ['fr-CA', true],
    ['FR', true],
    ['frr', false],
    ['en-CA', false],
    ['de', false],
    ['', false],
  ])('of %j are French: %s', (language, expected) => {
    expect(isFrench(language)).toBe(expected)
    expect(wordsFor(language, undefined)('signOut')).toBe(expected ? 'Se déconnecter' : 'Sign out')
  })

  it("give way to the application's own", () => {
    const word = wordsFor('en', { signOut: 'Abmelden' })
    expect([word('signOut'), word('signIn')]).toEqual(['Abmelden', 'Sign in'])
  })
})

describe('the time that is left', () => {
  it.each([
    [28_800, 'en', '8 hours'],
    [7200, 'en', '2 hours'],
    [7199, 'en', '119 minutes'],
    [600, 'en', '10 minutes'],
    [119, 'en', '1 minute'],
    [59.9, 'en', '59 seconds'],
    [1, 'en', '1 second'],
    [600, 'fr', '10 minutes'],
    [7200, 'fr', '2 heures'],
    [1, 'fr', '1 seconde'],
  ])('%d seconds are %s: %s', (seconds, language, words) => {
    expect(roughly(seconds, language).replace(/\s/g, ' ')).toBe(words)
  })
})
