/** @module HTML that is escaped unless it was made here. */

/** A piece of HTML. */
export interface Markup {
  readonly markup: string
}

/** What a template takes: text is escaped, markup is not, lists are joined, `undefined` and `false` are nothing. */
export type Content = string | number | Markup | undefined | false | readonly Content[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(content: Content): string {
  if (content === undefined || content === false) return ''
  if (typeof content === 'string' || typeof content === 'number') {
    return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? '')
  }
  return 'markup' in content ? content.markup : content.map(render).join('')
}

/** A template of HTML. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: parts.reduce((text, part, at) => text + render(contents[at - 1]) + part) }
}

/** HTML from a source that escapes by itself. */
export const trusted = (markup: string): Markup => ({ markup })
