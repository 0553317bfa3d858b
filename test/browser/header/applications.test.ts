import { describe, expect, it } from 'vitest'
import { isShownAddress, type Place } from '../../../src/browser/header/applications.js'

const at = (href: string): Place => new URL(href)
const page = at('https://benefits.example.gov/private')
const local = at('http://benefits.citizen.localhost:3001/private')

describe('an address in the menu', () => {
  it.each([
    ['https://library.example.gov/'],
    ['https://example.gov:8443/a?b=c'],
    ['https://benefits.example.gov/'],
  ])('is shown on the base domain: %s', (address) => {
    expect(isShownAddress(address, 'example.gov', page)).toBe(true)
  })

  it.each([
    ['https://evil.example/'],
    ['https://notexample.gov/'],
    ['https://example.gov.evil.example/'],
    ['https://example.gov@evil.example/'],
    ['//evil.example/'],
    ['http://library.example.gov/'],
    ['javascript:alert(1)//example.gov'],
    ['data:text/html,example.gov'],
    ['blob:https://example.gov/x'],
    ['https://'],
    ['/library'],
    [''],
  ])('is not shown elsewhere, or otherwise than by https: %s', (address) => {
    expect(isShownAddress(address, 'example.gov', page)).toBe(false)
  })

  it('may be http in development, where the page is', () => {
    expect(isShownAddress('http://library.citizen.localhost:3002/', 'citizen.localhost', local)).toBe(true)
    expect(isShownAddress('http://library.example.gov/', 'citizen.localhost', local)).toBe(false)
    expect(isShownAddress('javascript:alert(1)', 'citizen.localhost', local)).toBe(false)
  })

  it('is not shown where the page lies on another domain than is said', () => {
    expect(isShownAddress('https://library.example.com/', 'example.com', page)).toBe(false)
  })
})
