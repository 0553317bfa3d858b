import { describe, expect, it } from 'vitest'
import { leadOn } from '../../src/login/lead-on.js'
import { createPages } from '../../src/pages/pages.js'
import { refreshOf } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'

const pages = createPages({
  application: { name: 'Tax Portal', startPage: '/', logo: undefined },
  routes: { stylesheet: undefined },
})
const provider = 'https://id.example.gov/login?state=1&x=%22%3E'
const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

const answerTo = (method: string, headers: Readonly<Record<string, string>>, address = provider) =>
  leadOn(
    pages,
    new TestExchange(new Request('https://app.example.gov/session/login', { method, headers })),
    address,
  )

describe('FLD-02 the way to another site', () => {
  it.each([
    ['a form', 'POST', { ...page, 'sec-fetch-site': 'same-origin' }],
    ['a form of another site', 'POST', { ...page, 'sec-fetch-site': 'cross-site' }],
    ['a form of a browser without Fetch Metadata', 'POST', { accept: 'text/html,*/*' }],
    ['what a form of our own origin may have led to', 'GET', { ...page, 'sec-fetch-site': 'same-origin' }],
  ])('is a page that goes on by itself for %s', (_what, method, headers) => {
    const { status, headers: sent, body = '' } = answerTo(method, { ...headers, 'accept-language': 'fr' })
    expect(status).toBe(200)
    expect(refreshOf(body)).toBe(provider)
    expect(body).toContain('<html lang="fr">')
    expect(body).toContain('<a class="primary" href="https://id.example.gov/login?state=1&amp;x=%22%3E">')
    expect(body).not.toMatch(/<form|<script/)
    expect(sent).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'private, no-store' })
    expect(sent['content-security-policy']).toMatch(/form-action 'none'; frame-ancestors 'none'/)
  })

  it.each([
    ['a link elsewhere', 'GET', { ...page, 'sec-fetch-site': 'cross-site' }, 302],
    ['the address bar', 'GET', { ...page, 'sec-fetch-site': 'none' }, 302],
    ['a frame', 'GET', { ...page, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' }, 302],
    ['a script', 'POST', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }, 303],
    ['a program', 'POST', { accept: 'application/json' }, 303],
  ])('is a redirect for %s', (_what, method, headers, status) => {
    const reply = answerTo(method, headers)
    expect([reply.status, reply.headers.location, reply.body]).toEqual([status, provider, undefined])
    expect(reply.headers['referrer-policy']).toBe('no-referrer')
  })

  it('is a redirect wherever it stays on our own origin', () => {
    const reply = answerTo('POST', { ...page, 'sec-fetch-site': 'same-origin' }, '/benefits?a=1')
    expect([reply.status, reply.headers.location]).toEqual([303, '/benefits?a=1'])
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'id.example.gov',
    'https:///x',
    'https://a.example/\n',
  ])('is none to %j', (address) => {
    expect(() => answerTo('POST', page, address)).toThrow(TypeError)
  })
})
