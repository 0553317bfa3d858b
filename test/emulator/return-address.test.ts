import { describe, expect, it } from 'vitest'
import { createEmulator } from '../../src/emulator/index.js'
import { checkReturnAddress, formTargets } from '../../src/emulator/return-address.js'
import { createBrowser } from './browser.js'

const rules = {
  url: 'http://id.citizen.localhost:4000',
  domain: 'citizen.localhost',
  allowedReturnOrigins: undefined,
}
const secure = { url: 'https://id.example.gov', domain: 'example.gov', allowedReturnOrigins: undefined }
const hostOnly = { url: 'http://localhost:4000', domain: false, allowedReturnOrigins: undefined } as const
const listed = { ...secure, allowedReturnOrigins: ['https://app.other.example'] }

describe('a return address', () => {
  it.each([
    [rules, '/profile?x=1', 'http://id.citizen.localhost:4000/profile?x=1'],
    [
      rules,
      'http://benefits.citizen.localhost:3000/a?state=1#b',
      'http://benefits.citizen.localhost:3000/a?state=1#b',
    ],
    [rules, 'http://citizen.localhost', 'http://citizen.localhost/'],
    [rules, '/.//evil.example', 'http://id.citizen.localhost:4000//evil.example'],
    [secure, 'https://a.b.example.gov:8443/', 'https://a.b.example.gov:8443/'],
    [hostOnly, 'http://localhost:3000/', 'http://localhost:3000/'],
    [listed, 'https://app.other.example/x', 'https://app.other.example/x'],
    [listed, 'https://id.example.gov/', 'https://id.example.gov/'],
  ])('is allowed below the base domain: %#', (given, address, expected) => {
    expect(checkReturnAddress(address, given)).toBe(expected)
  })

  it.each([
    '',
    'profile',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '\thttps://evil.example',
    ' http://benefits.citizen.localhost/',
    'http:evil.example',
    'http:/evil.example',
    'http:///evil.example',
    'https://evil.example',
    'https://evil.example/http://citizen.localhost',
    'https://evil.example?citizen.localhost',
    'https://evil.example#.citizen.localhost',
    'https://evilcitizen.localhost',
    'https://citizen.localhost.evil.example',
    'https://citizen.localhost.',
    'https://benefits.citizen.localhost@evil.example',
    'https://user:pass@benefits.citizen.localhost',
    'https://user@benefits.citizen.localhost',
    'http://evil.example\\.citizen.localhost',
    'http://evil.example%2F.citizen.localhost',
    'http://evil.example／.citizen.localhost',
    'javascript:alert(1)//.citizen.localhost',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'ftp://benefits.citizen.localhost',
    'http://[::1]/',
    'http://2130706433/',
    'http://benefits.citizen.localhost/\r\nset-cookie: a=b',
    `http://benefits.citizen.localhost/${'x'.repeat(2048)}`,
  ])('is refused: %s', (address) => {
    expect(checkReturnAddress(address, rules)).toBeUndefined()
  })

  it('never leaves https, nor the list where there is one', () => {
    expect(checkReturnAddress('http://app.example.gov/', secure)).toBeUndefined()
    expect(checkReturnAddress('https://app.example.gov/', listed)).toBeUndefined()
    expect(checkReturnAddress('https://app.other.example:444/', listed)).toBeUndefined()
    expect(checkReturnAddress('http://other.localhost:3000/', hostOnly)).toBeUndefined()
  })

  it('is refused with a page by every endpoint that takes one, also when it comes twice', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    const evil = `returnTo=${encodeURIComponent('https://evil.example')}`
    for (const path of [`/login?${evil}`, `/second-factor?${evil}`, `/login?returnTo=%2F&${evil}`]) {
      const response = await browser.get(path)
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
    const posted = await browser.signIn('ana', { returnTo: 'https://evil.example' })
    expect([posted.status, posted.headers.getSetCookie()]).toEqual([400, []])
  })

  it('names the same places for the policy of forms', () => {
    expect(formTargets(rules)).toBe(
      "'self' http://citizen.localhost:* http://*.citizen.localhost:* https://citizen.localhost:* https://*.citizen.localhost:*",
    )
    expect(formTargets(listed)).toBe("'self' https://app.other.example")
    expect(formTargets(hostOnly)).toBe("'self' http://localhost:* https://localhost:*")
  })
})
