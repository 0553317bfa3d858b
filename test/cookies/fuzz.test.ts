import { describe, expect, it } from 'vitest'
import { createCookieScanner, listCookies, readCookies } from '../../src/cookies/parse.js'
import { serializeCookie } from '../../src/cookies/serialize.js'
import { combinations, maximumCombinations } from '../../src/shared-cookie/duplicates.js'
import { createRandom, mutate } from './mutate.js'

const scan = createCookieScanner({
  header: 'c1_header',
  payload: 'c1_payload',
  signature: 'c1_signature',
  hint: '__Host-a.seen',
})
const sound =
  '_ga=1; c1_header=aaaa; c1_payload="bbbb"; c1_signature=cccc; __Host-a.seen=dddd; c1_payload=eeee'

describe('cookies mutated at random, from a fixed seed', () => {
  it('are read without an error, and never as more than what they hold', () => {
    const random = createRandom(20_250_617)
    let read = 0
    for (let count = 0; count < 5000; count += 1) {
      const text = mutate(sound, random)
      const found = scan(text)
      for (const part of ['header', 'payload', 'signature'] as const) {
        const values = readCookies(text, `c1_${part}`)
        expect(found[part]).toBe(values[0])
        for (const value of values) expect(text).toContain(value)
        read += values.length
      }
      const tokens = combinations(found)
      if (tokens !== 'too-many') expect(tokens.length).toBeLessThanOrEqual(maximumCombinations)
      for (const { name } of listCookies(text, 'c1_')) expect(name.startsWith('c1_')).toBe(true)
    }
    expect(read).toBeGreaterThan(10_000)
  })

  it('are written as one line of one cookie, or refused with a code', () => {
    const random = createRandom(7)
    let written = 0
    for (let count = 0; count < 3000; count += 1) {
      const name = mutate('c1_header', random)
      const value = mutate('aaaa.bbbb', random)
      const path = mutate('/session', random)
      const domain = mutate('example.gov', random)
      let line: string
      try {
        line = serializeCookie({ name, value, path, domain, httpOnly: true, secure: true, sameSite: 'lax' })
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(usage|cookie-too-large)$/) })
        continue
      }
      written += 1
      expect(line).toMatch(/^[\x20-\x7e]+$/)
      expect(line.split('; ')).toEqual([
        `${name}=${value}`,
        `Domain=${domain}`,
        `Path=${path}`,
        'HttpOnly',
        'Secure',
        'SameSite=Lax',
      ])
    }
    expect(written).toBeGreaterThan(5)
  })
})
