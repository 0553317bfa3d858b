import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reply } from '../../src/exchange.js'
import type { PageFrame } from '../../src/pages/document.js'
import { type Page, type PageAction, renderPage } from '../../src/pages/page.js'
import type { TextKey } from '../../src/pages/texts.js'
import { english } from '../../src/pages/texts-english.js'
import { anyText } from '../support/any-text.js'

const frame: PageFrame = { name: 'Tax Portal', startPage: '/' }
const plain: Page = {
  status: 200,
  language: 'en',
  title: 'title.sign-out',
  paragraphs: ['sign-out.explain'],
  actions: [],
}
const action: PageAction = { label: 'action.sign-in', method: 'post', href: '/session/login' }

type Given = Partial<Page & PageFrame>

function render({ name = 'Tax Portal', logo, stylesheet, ...page }: Given): Reply {
  return renderPage({ name, startPage: '/', logo, stylesheet }, { ...plain, ...page })
}

function bodyOf(page: Given): string {
  return render(page).body ?? ''
}

function policyOf(page: Given): ReadonlyMap<string, string> {
  const policy = render(page).headers['content-security-policy'] ?? ''
  return new Map(
    policy.split('; ').map((directive): [string, string] => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources.join(' ')]
    }),
  )
}

/** What stands in the markup outside the style, tag by tag. */
function tagsOf(body: string): readonly string[] {
  return body.replace(/<style>[^<]*<\/style>/, '').match(/<[^>]*>/g) ?? []
}

describe('headers', () => {
  it('are those of a private page that nobody frames, sniffs or keeps', () => {
    expect(render({ status: 401, language: 'fr' })).toMatchObject({
      status: 401,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-language': 'fr',
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
      },
    })
  })

  it('keep the Origin of our own forms, which no-referrer would make null', () => {
    expect(render({}).headers['referrer-policy']).toBe('same-origin')
  })

  it('allow nothing but the built-in style, by its hash', () => {
    const style = /<style>([^<]*)<\/style>/.exec(bodyOf({}))?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(Object.fromEntries(policyOf({}))).toEqual({
      'default-src': "'none'",
      'style-src': `'sha256-${hash}'`,
      'form-action': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    })
  })

  it.each([
    [undefined, "'none'"],
    ['none', "'none'"],
    ['self', "'self'"],
    ['https://id.example.gov/x', 'https://id.example.gov'],
    ['self https://id.example.gov', "'self' https://id.example.gov"],
  ])('let %s frame the page', (frameAncestors, expected) => {
    expect(policyOf({ frameAncestors }).get('frame-ancestors')).toBe(expected)
  })

  it.each([
    ['/pages.css', "'self'"],
    ['https://cdn.example.gov/pages.css?v=1', 'https://cdn.example.gov'],
  ])('let the style sheet %s in, and the built-in one out', (stylesheet, expected) => {
    expect(policyOf({ stylesheet }).get('style-src')).toBe(expected)
    expect(bodyOf({ stylesheet })).toContain(`<link rel="stylesheet" href="${stylesheet}">`)
    expect(bodyOf({ stylesheet })).not.toContain('<style>')
  })
})

describe('the page', () => {
  it('is a document of its language, readable on a phone, without scripts', () => {
    const body = bodyOf({ language: 'fr' })
    expect(body).toMatch(/^<!doctype html><html lang="fr"><head><meta charset="utf-8">/)
    expect(body).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(body).not.toMatch(/<script|\son\w+=|javascript:/i)
  })

  it('says the title twice, the paragraphs in order, and the facts by key or as they are', () => {
    const body = bodyOf({
      paragraphs: ['outcome.global', 'signed-out.close'],
      facts: [
        { label: 'leg.cookies', value: 'leg-state.done' },
        { label: 'example.gov', value: '12 ms' },
      ],
    })
    expect(body).toContain('<title>Do you want to sign out? · Tax Portal</title>')
    expect(body).toContain('<h1>Do you want to sign out?</h1>')
    expect(body).toContain(`<p>${english['outcome.global']}</p><p>${english['signed-out.close']}</p>`)
    expect(body).toContain('<dt>Shared sign-in cookies</dt><dd>ended</dd>')
    expect(body).toContain('<dt>example.gov</dt><dd>12 ms</dd>')
  })

  it('makes a link of a plain way on, and a form with hidden fields of anything else', () => {
    const body = bodyOf({
      actions: [
        { label: 'action.stay', method: 'get', href: '/?a=1&b=2' },
        { ...action, fields: { returnTo: '/benefits', scope: 'everywhere' }, primary: true },
        { label: 'action.try-again', method: 'get', href: '/session/login', fields: { returnTo: '/a' } },
      ],
    })
    expect(tagsOf(body).slice(tagsOf(body).indexOf('<nav>'))).toEqual([
      ...['<nav>', '<a href="/?a=1&amp;b=2">', '</a>', '<form method="post" action="/session/login">'],
      '<input type="hidden" name="returnTo" value="/benefits">',
      '<input type="hidden" name="scope" value="everywhere">',
      ...['<button class="primary">', '</button>', '</form>', '<form method="get" action="/session/login">'],
      ...['<input type="hidden" name="returnTo" value="/a">', '<button>', '</button>', '</form>'],
      ...['</nav>', '</main>', '</body>', '</html>'],
    ])
  })

  it.each([
    ...[
      'javascript:alert(1)',
      'data:text/html,x',
      '//evil.example',
      '/\\evil.example',
      'evil',
      '',
      '/\t/evil.example',
    ],
    ...['https://id.example.gov/\n', 'https:id.example.gov', 'blob:https://id.example.gov/x'],
  ])('does not link to %j', (href) => {
    expect(() => render({ actions: [{ ...action, href }] })).toThrow(TypeError)
    expect(() => render({ stylesheet: href })).toThrow(TypeError)
  })

  it.each([
    'https://a;script-src',
    'https://a,b.example',
    "https://'unsafe-inline'",
    'https://*',
    'https://*.example.gov',
  ])('names no source %j, which would say more in a policy than in an address', (address) => {
    expect(() => render({ frameAncestors: address })).toThrow(TypeError)
    expect(() => render({ stylesheet: `${address}/pages.css` })).toThrow(TypeError)
  })
})

it('escapes every value that it reflects: no value adds a tag, an attribute or a directive', () => {
  const pieces = fc.constantFrom(
    ...[
      '<',
      '>',
      '"',
      "'",
      '`',
      '&',
      '&quot;',
      '</main>',
      '<script>',
      ' onload=',
      'x',
      '=',
      '/',
      '\n',
      ';',
      '--!>',
    ],
  )
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    anyText(40),
  )
  const build = (value: string): Page => ({
    ...plain,
    facts: [{ label: value, value }],
    actions: [
      { ...action, href: `/x?y=${value.replace(/\p{Cc}/gu, '')}`, fields: { [`n${value}`]: value } },
      { label: 'action.home', method: 'get', href: `/x?y=${value.replace(/\p{Cc}/gu, '')}` },
    ],
  })
  const skeleton = (page: Page) =>
    tagsOf(renderPage(frame, page).body ?? '').map((tag) => tag.replace(/"[^"]*"/g, '""'))
  const expected = skeleton(build('harmless'))
  const policy = renderPage(frame, build('harmless')).headers['content-security-policy']
  fc.assert(
    fc.property(text, (value) => {
      const page = build(value)
      expect(skeleton(page)).toEqual(expected)
      expect(renderPage(frame, page).headers['content-security-policy']).toBe(policy)
    }),
    { numRuns: 3_000, seed: 20_261_122 },
  )
})

it('renders every text in both languages', () => {
  const paragraphs = Object.keys(english) as TextKey[]
  for (const language of ['en', 'fr'] as const) {
    const body = bodyOf({ language, paragraphs })
    expect(body.match(/<p>[^<]{2,}<\/p>/g)).toHaveLength(paragraphs.length)
  }
})
