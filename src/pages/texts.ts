/** @module The words of the pages that we serve, in English and French. */
import { english, type TextKey } from './texts-english.js'
import { french } from './texts-french.js'

export type { TextKey } from './texts-english.js'

/** A language of the pages. */
export type Language = 'en' | 'fr'

const texts: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en: english, fr: french }

/** The text of a key in a language. Not escaped. */
export function textOf(language: Language, key: TextKey): string {
  return texts[language][key]
}

/** Whether a text has this key. */
export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(english, key)
}

/**
 * The language that a browser asks for; English when it asks for neither of ours, or for both alike.
 * Source: RFC 9110, section 12.5.4.
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  let best: { readonly language: Language; readonly weight: number } = { language: 'en', weight: 0 }
  for (const range of (acceptLanguage ?? '').slice(0, 512).split(',')) {
    const [, tag, quality] =
      /^\s*([a-z]{2})(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(range) ?? []
    const language = tag?.toLowerCase()
    if (language !== 'en' && language !== 'fr') continue
    const weight = quality === undefined ? 1 : Number(quality)
    if (weight > best.weight) best = { language, weight }
  }
  return best.language
}
