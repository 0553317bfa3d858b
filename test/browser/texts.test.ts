import { describe, expect, it } from 'vitest'
import { textsFor, timeInWords } from '../../src/browser/texts.js'

describe('the words', () => {
  it.each([
    ['en', 'Stay signed in'],
    ['en-CA', 'Stay signed in'],
    ['fr', 'Rester connecté'],
    ['fr-CA', 'Rester connecté'],
    ['FR', 'Rester connecté'],
    ['frr', 'Stay signed in'],
    ['de', 'Stay signed in'],
  ])('of %s are there', (language, stay) => {
    expect(textsFor(language, undefined).stay).toBe(stay)
  })

  it("give way to the application's own", () => {
    const texts = textsFor('de', { stay: 'Angemeldet bleiben' })
    expect(texts.stay).toBe('Angemeldet bleiben')
    expect(texts.signOut).toBe('Sign out')
  })

  it('are all there in both languages, and name the time where it belongs', () => {
    const [english, french] = [textsFor('en', {}), textsFor('fr', {})]
    for (const texts of [english, french]) {
      expect(Object.values(texts).filter((text) => !text.trim())).toEqual([])
      expect(
        Object.entries(texts).flatMap(([name, text]) => (text.includes('{time}') ? [name] : [])),
      ).toEqual(['warning', 'lastWarning'])
    }
    expect(Object.values(english).filter((text) => Object.values(french).includes(text))).toEqual([])
  })
})

describe('the time in words', () => {
  it.each([
    [120, 'en', '2 minutes'],
    [90, 'en', '1 minute 30 seconds'],
    [60, 'en', '1 minute'],
    [1, 'en', '1 second'],
    [90, 'fr', '1 minute 30 secondes'],
    [90, 'de', '1 Minute 30 Sekunden'],
  ])('%i seconds in %s', (seconds, language, words) => {
    expect(timeInWords(seconds, language).replace(/\s/g, ' ')).toBe(words)
  })
})
