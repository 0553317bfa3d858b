/** @module What a newer release might have written: today's texts and seals, with the next version in front. */
import type { Entries } from './vectors.js'

/** A seal of the next version. */
export const newerSeal = (sealed: string): string => withVersion(sealed, 1)

/** What a seal of the next version was made from. */
export const olderSeal = (sealed: string): string => withVersion(sealed, -1)

function withVersion(sealed: string, change: number): string {
  const bytes = Buffer.from(sealed, 'base64url')
  bytes[0] = (bytes[0] ?? 0) + change
  return bytes.toString('base64url')
}

/** A `Cookie` header whose cookies of ours are of the next version; the provider's stay as they are. */
export function newerCookies(header: string): string {
  const newer = header.split('; ').map((cookie) => {
    const [name = ''] = cookie.split('=', 1)
    const isOurs = name.startsWith('__Host-benefits.')
    return isOurs ? `${name}=${newerSeal(cookie.slice(name.length + 1))}` : cookie
  })
  return newer.join('; ')
}

/** What a store holds, with every field that matches changed. */
export function withFields(entries: Entries, fields: RegExp, change: (text: string) => string): Entries {
  return Object.fromEntries(
    Object.entries(entries).map(([key, { value, milliseconds }]) => {
      if (typeof value === 'string') return [key, { value, milliseconds }]
      const changed = Object.entries(value).map(([field, text]): [string, string] => [
        field,
        fields.test(field) ? change(text) : text,
      ])
      return [key, { value: Object.fromEntries(changed), milliseconds }]
    }),
  )
}

/** A text of the store in the next version of the format. */
export const newerText = (text: string): string => text.replace(/^1 /, '2 ')

/** The same text, its sealed part in the next version of seals: word 12 of a live record, the last of what is kept. */
export function newerDetails(text: string): string {
  const words = text.split(' ')
  const at = words[1] === 'l' ? 11 : words.length - 1
  words[at] = newerSeal(words[at] ?? '')
  return words.join(' ')
}
