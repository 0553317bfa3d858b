/** @module The language of a page: what the application asks for, else what the browser prefers; English or French. */
import { AsyncLocalStorage } from 'node:async_hooks'

/** A language of the pages. */
export type Language = 'en' | 'fr'

const spoken = new AsyncLocalStorage<Language>()

/** Longest text that is searched for languages. */
const longest = 512

/** The first of some tags that we speak. */
const firstOf = (tags: readonly string[]): Language | undefined =>
  tags
    .map((tag) => tag.trim().slice(0, 2).toLowerCase())
    .find((tag): tag is Language => tag === 'en' || tag === 'fr')

/** `ui_locales` of a query, or of the address that it leads back to. Source: OpenID Connect Core 1.0, section 3.1.2.1. */
function askedFor(query: URLSearchParams): Language | undefined {
  const nested = /[?&]ui_locales=([\w%+-]{1,200})/.exec(query.get('returnTo') ?? '')?.[1]
  const locales = query.get('ui_locales') ?? nested?.replace(/%20|\+/g, ' ') ?? ''
  return firstOf(locales.slice(0, longest).split(' '))
}

/** What the browser prefers. Source: RFC 9110, section 12.5.4. */
function preferred(acceptLanguage: string): Language | undefined {
  const ranges = acceptLanguage
    .slice(0, longest)
    .split(',')
    .map((range) => {
      const [tag = '', weight] = range.split(/;\s*q=/)
      return { tag, weight: weight === undefined ? 1 : Number(weight) }
    })
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight)
  return firstOf(wanted.map(({ tag }) => tag))
}

/** Does the work of a request whose pages speak its language. */
export function inLanguageOf<T>(request: Request, work: () => T): T {
  const asked = askedFor(new URL(request.url).searchParams)
  return spoken.run(asked ?? preferred(request.headers.get('accept-language') ?? '') ?? 'en', work)
}

/** Does the work for a page that is for developers, and English for everybody. */
export const inEnglish = <T>(work: () => T): T => spoken.run('en', work)

/** The language of the request that is being answered. */
export const language = (): Language => spoken.getStore() ?? 'en'

/** A text in the language of the request that is being answered. */
export const say = (english: string, french: string): string => (language() === 'fr' ? french : english)
