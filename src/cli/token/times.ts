/** @module Times in words. */

const units: readonly (readonly [name: string, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** The last second of the year 9999. */
const latest = 253_402_300_799

/** A duration by its two greatest units, as in `1 hour 5 minutes`. */
export function durationInWords(seconds: number): string {
  let left = Math.round(Math.abs(seconds))
  const words: string[] = []
  for (const [name, size] of units) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0) words.push(`${count} ${name}${count === 1 ? '' : 's'}`)
    else if (words.length > 0) break
  }
  return words.slice(0, 2).join(' ') || '0 seconds'
}

/** A numeric date of a token, and how long ago or ahead that is. `now` in milliseconds. */
export function timeInWords(value: number, now: number): string {
  if (!(value >= 0 && value <= latest)) return 'no date in seconds; most likely milliseconds'
  const date = new Date(value * 1000)
  const seconds = value - now / 1000
  const distance = durationInWords(seconds)
  const text = date.toISOString().replace('.000Z', 'Z')
  if (Math.abs(seconds) < 1) return `${text}, now`
  return seconds < 0 ? `${text}, ${distance} ago` : `${text}, in ${distance}`
}
