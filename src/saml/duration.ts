/** @module Durations as XML Schema writes them. */

const day = 86_400
const pattern =
  /^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10})(?:\.\d+)?S)?)?$/

/**
 * Seconds of a duration; a year counts 365 days, a month 30. `undefined` for anything else, a negative one included.
 * Source: XML Schema 1.0 part 2, section 3.2.6.
 */
export function parseDuration(text: string): number | undefined {
  const found = pattern.exec(text)
  if (found === null || !/\d/.test(text) || text.endsWith('T')) return undefined
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0))
  return years * 365 * day + months * 30 * day + days * day + hours * 3600 + minutes * 60 + seconds
}
