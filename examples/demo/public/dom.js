/** @module Makes elements. Text is text: nothing here reads markup. */

/**
 * An element with attributes and children; `undefined`, `null` and `false` are left out of both, `on…` are listeners.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | undefined | null | false)} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else element.setAttribute(key, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false))
  return element
}

/** Shows a text, if it is another than before: what does not change is not told again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** A length of time in words, from the two largest units. */
export function lengthOf(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** A time of day. */
export const clockOf = (milliseconds) => new Date(milliseconds).toLocaleTimeString('en-GB')

/** A list of facts. @param {readonly (readonly [string, Node | string])[]} rows */
export const facts = (rows) =>
  make(
    'dl',
    { class: 'facts' },
    ...rows.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
  )

/** The head of a card, with a pill that says how things stand; `pill(text, tone)` changes it. */
export function heading(text, { number, level = 'h2' } = {}) {
  const mark = make('span', { class: 'pill' })
  const title = make(
    level,
    {},
    number && make('span', { class: 'number', 'aria-hidden': 'true' }, String(number)),
    text,
  )
  const pill = (words, tone = '') => {
    say(mark, words)
    mark.dataset.tone = tone
    mark.hidden = words === ''
  }
  pill('')
  return { element: make('div', { class: 'title' }, title, mark), pill }
}

/**
 * A bar that empties towards an end; `set(left, whole)` in milliseconds, `set()` where there is nothing to show.
 * `owner` is told besides the label to whoever does not see where the bar stands.
 */
export function bar(label, owner) {
  const name = owner === undefined ? label : `${owner}: ${label}`
  const progress = make('progress', { 'aria-label': name, max: 1, value: 0 })
  const words = make('output', { 'aria-live': 'off' })
  const element = make('div', { class: 'bar' }, make('div', {}, make('span', {}, label), words), progress)
  return {
    element,
    set(left, whole) {
      const isKnown = left !== undefined && whole > 0
      progress.value = isKnown ? Math.min(1, Math.max(0, left / whole)) : 0
      progress.dataset.tone = isKnown && left / whole < 0.15 ? 'warn' : ''
      say(words, isKnown ? (left <= 0 ? 'over' : lengthOf(left)) : 'none')
    },
  }
}
