/** @module How the walk tells of its steps: what was done, what it proves, which way it went, which cookies were set. */

/** Something was not as it should be. */
class Mismatch extends Error {}

/**
 * Asserts. The message says what should be.
 * @param {unknown} condition
 * @param {string} message
 */
export function expect(condition, message) {
  if (!condition) throw new Mismatch(message)
}

/** Makes the reporter. A step that fails is told and counted, and the walk goes on. */
export function createReporter(say) {
  let count = 0
  let failed = 0
  return {
    get count() {
      return count
    },
    get failed() {
      return failed
    },
    async run({ what, proves, go }) {
      count += 1
      const lines = []
      let problem
      try {
        await go((line) => lines.push(line))
      } catch (error) {
        failed += 1
        problem = error instanceof Mismatch ? `expected: ${error.message}` : String(error.stack ?? error)
      }
      say(`\n${String(count).padStart(2)} ${problem === undefined ? 'ok    ' : 'FAILED'} ${what}`)
      say(`   proves: ${proves}`)
      for (const line of lines) say(`   ${line}`)
      if (problem !== undefined) say(`   ${problem}`)
    },
  }
}

/** The way of a visit: hosts and paths, without queries, which carry secrets. */
export function wayOf({ way }) {
  const place = ({ hostname, pathname }) => `${hostname.split('.', 1)[0]}${pathname}`
  return `way: ${way.map(place).join(' -> ')}`
}

/** The attributes of a `Set-Cookie` line by its name, never the value. */
export function attributesOf(line) {
  const [pair, ...attributes] = line.split(/; */)
  const isDeletion = attributes.some((attribute) => /^max-age=0$/i.test(attribute))
  const shown = attributes.filter((attribute) => !/^(max-age=0|expires=.*)$/i.test(attribute))
  return {
    name: pair.slice(0, pair.indexOf('=')),
    attributes: shown,
    isDeletion,
  }
}

/** One line for each cookie that an answer set or deleted. A deletion tries every Domain and Path that could be. */
export function cookieLines(setCookies) {
  const set = []
  const deleted = new Map()
  for (const { name, attributes, isDeletion } of setCookies.map(attributesOf)) {
    if (isDeletion) deleted.set(name, (deleted.get(name) ?? 0) + 1)
    else set.push(`sets    ${name}  ${attributes.join('; ')}`)
  }
  const times = (count) =>
    count === 1 ? '' : `  by ${count} lines, for every Domain and Path that it may have`
  return [...set, ...[...deleted].map(([name, count]) => `deletes ${name}${times(count)}`)]
}

/** One line for each part of a receipt. */
export const receiptLines = ({ body }) =>
  [...body.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(
    ([, label, value]) => `receipt: ${label}: ${value}`,
  )
