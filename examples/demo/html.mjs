/** @module HTML that is escaped unless it was made here. */

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A template of HTML: text is escaped, markup is not, lists are joined, `undefined` and `false` are nothing. */
export function html(parts, ...contents) {
  return { markup: parts.reduce((text, part, index) => text + render(contents[index - 1]) + part) }
}

function render(content) {
  if (content === undefined || content === false) return ''
  if (Array.isArray(content)) return content.map(render).join('')
  if (typeof content === 'object') return content.markup
  return String(content).replace(/[&<>"']/g, (character) => entities[character])
}
