import { describe, expect, it } from 'vitest'
import { isTextKey, type Language, textOf } from '../../src/pages/texts.js'
import { english } from '../../src/pages/texts-english.js'
import { repositoryFiles, textOf as sourceOf } from '../house/source.js'
import { applicationName, everyPage, type SeenPage } from './every-page.js'

/** What a person reads: the text between tags, entities resolved. */
function plain(markup: string): string {
  const entities: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#96': '`',
  }
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/&([\w#]+);/g, (_, name: string) => entities[name] ?? '')
    .replace(/[ \n]+/g, ' ')
    .trim()
}

const between = (body: string, tag: string): readonly string[] =>
  [...body.matchAll(new RegExp(`<${tag}(?: [^>]*)?>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) =>
    plain(inner),
  )

/** What every page here is about: it makes no two sentences alike. */
const subject = /^(?:your|session|sign(?:ed)?|service|applications?|votre|vous|connexion|d[eé]connect\w+)$/u

/** The words of a sentence that carry its meaning. */
const wordsOf = (sentence: string): ReadonlySet<string> =>
  new Set((sentence.toLowerCase().match(/\p{L}{4,}/gu) ?? []).filter((word) => !subject.test(word)))

/** How much two sentences say the same: 0 nothing, 1 everything of the shorter one. */
function likeness(one: string, other: string): number {
  const [first, second] = [wordsOf(one), wordsOf(other)]
  const least = Math.min(first.size, second.size)
  if (least === 0) return one === other ? 1 : 0
  return [...first].filter((word) => second.has(word)).length / least
}

const core = repositoryFiles().filter(
  (path) => /^(src|adapters)\/.*\.tsx?$/.test(path) && !path.startsWith('src/emulator/'),
)

/** Files of the core in which a pattern stands. */
const filesWith = (pattern: RegExp): readonly string[] => core.filter((path) => pattern.test(sourceOf(path)))

/** Documents that no person looks at, with why. */
const unseen = {
  'src/pages/scripted-page.ts': 'a frame of no size, or a page that a script leaves at once',
  'src/oidc/frontchannel-logout.ts': 'a frame of no size at the provider; seen, it is a page of pages.ts',
} as const

describe('FLD-10 every page that a person sees names the application, says one thing, and leads on', () => {
  it('is made in one place, and of frames that nobody sees', () => {
    expect(filesWith(/text\/html; charset/)).toEqual(['src/pages/document.ts', ...Object.keys(unseen)].sort())
    expect(filesWith(/\brenderDocument\(/)).toEqual(
      ['src/issuing/sso-form.ts', 'document', 'form-post', 'going-on', 'page'].map((name) =>
        name.includes('/') ? name : `src/pages/${name}.ts`,
      ),
    )
  })

  it('is among the pages that are looked at here, whatever file decides what it says', async () => {
    const pages = await everyPage({ language: 'en' })
    const inSource = core
      .filter((path) => !path.startsWith('src/pages/texts'))
      .flatMap((path) =>
        [...new Set(sourceOf(path).match(/title\.[a-z-]+(?=')/g))].map((key) => `${path} ${key}`),
      )
    const seen = new Set(pages.map(({ from, title }) => `${from} ${title}`))
    expect(inSource.filter((each) => !seen.has(each))).toEqual([])
  })

  it('shows every text that there is somewhere', async () => {
    const all = (await everyPage({ language: 'en' })).map(({ reply }) => plain(reply.body ?? '')).join('\n')
    // Cookies of two sessions have a page of their own, whose words are others.
    const { 'reason.ambiguous-cookie': _, ...texts } = english
    expect(Object.values(texts).filter((text) => !all.includes(text))).toEqual([])
  })

  describe.each(['en', 'fr'] as const)('in %s', (language: Language) => {
    const look = async (see: (page: SeenPage, body: string) => void): Promise<void> => {
      for (const page of await everyPage({ language })) see(page, page.reply.body ?? '')
    }

    it('names the application on itself and in its title, below its own heading', () =>
      look(({ name, title, reply }, body) => {
        const [heading = ''] = between(body, 'h1')
        expect(between(body, 'h1'), name).toHaveLength(1)
        expect(between(body, 'title'), name).toEqual([`${heading} · ${applicationName}`])
        expect(between(body, 'header'), name).toEqual([applicationName])
        expect(body, name).toContain(`<html lang="${language}">`)
        expect(reply.headers['content-language'], name).toBe(language)
        if (title !== undefined) expect(heading, name).toBe(textOf(language, title))
      }))

    it('says one thing: no two of its sentences say the same, and one button at most is the main one', () =>
      look(({ name }, body) => {
        const sentences = [...between(body, 'h1'), ...between(body, 'p')].flatMap((text) =>
          text.split(/(?<=[.!?])\s+/),
        )
        const alike = sentences.flatMap((one, at) =>
          sentences
            .slice(at + 1)
            .filter((other) => likeness(one, other) > 0.5)
            .map((other) => [one, other]),
        )
        expect(alike, name).toEqual([])
        expect(body.match(/class="primary"/g) ?? [], name).not.toHaveLength(2)
      }))

    it('leads on: by a button or a link, and to the start page', () =>
      look(({ name, isPassing }, body) => {
        const inMain = /<main>.*<\/main>/s.exec(body)?.[0] ?? ''
        expect(inMain, name).toMatch(/<button|<a /)
        expect(body, name).toContain(`<header><a href="/">${applicationName}</a></header>`)
        if (isPassing || name.startsWith('before the partner')) return
        expect(inMain, name).toMatch(/<a href="\/(?:forms\/7)?">/)
      }))
  })

  it('leads home where a proxy takes a path away', async () => {
    for (const { name, from, reply } of await everyPage({ language: 'en', path: '/tax' })) {
      // The issuing side stands by itself, and knows its origin only.
      if (from === 'src/issuing/sso-form.ts') continue
      expect(reply.body, name).toContain(`<header><a href="/tax/">${applicationName}</a></header>`)
      expect(reply.body, name).not.toContain('<a href="/">')
    }
  })

  it('shows the logo in place of the name, with the name as its text, and lets no other picture in', async () => {
    const choice = 'login where one chooses among several ways'
    const pages = await everyPage({ language: 'en', logo: 'https://cdn.example.gov/logo.svg' })
    for (const { name, reply, isPassing, from } of pages) {
      const policy = reply.headers['content-security-policy']
      // What goes on by itself waits for nothing, and tells nobody else of itself.
      const hasLogo = !isPassing && from !== 'src/issuing/sso-form.ts'
      const logo = '<img src="https://cdn.example.gov/logo.svg" alt="Tax Portal" height="40">'
      expect(reply.body?.includes(`<header><a href="/">${logo}</a></header>`), name).toBe(hasLogo)
      const pictures = name === choice ? " 'self' https://eduid.example;" : ';'
      expect(policy?.includes(`img-src https://cdn.example.gov${pictures}`), name).toBe(hasLogo)
    }
  })

  it('shows a name of any characters as it is, and nothing of it as markup', async () => {
    const name = `<b onload="x">&'"\`</title>`
    for (const { name: which, reply } of await everyPage({ language: 'en', name })) {
      const body = reply.body ?? ''
      expect(between(body, 'header'), which).toEqual([name])
      expect(body, which).not.toContain('<b ')
      expect(body.match(/<\/title>/g), which).toHaveLength(1)
    }
  })
})

it('looks at keys that there are', async () => {
  for (const { title } of await everyPage({ language: 'fr' })) {
    expect(title === undefined || isTextKey(title)).toBe(true)
  }
})
