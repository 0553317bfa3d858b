/** @module The settings of near reads, checked. */

/** Settings of near reads. */
export interface NearOptions {
  /** How many sessions are remembered, roughly. Default 100,000; each takes about 1 kB. */
  readonly maximumEntries?: number | undefined
  /** How long a change may go unnoticed at most, in milliseconds: 50 to 60,000. Default 1,000. */
  readonly staleMilliseconds?: number | undefined
}

/** The settings, with their defaults; `undefined`: there are no near reads. @throws TypeError for what they do not take. */
export function nearSettings(near: unknown): Required<{ [K in keyof NearOptions]: number }> | undefined {
  if (near === undefined || near === false) return undefined
  if (near !== true && (typeof near !== 'object' || near === null)) {
    throw new TypeError('near is true, false, or { maximumEntries, staleMilliseconds }')
  }
  const given = near === true ? {} : (near as Readonly<Record<string, unknown>>)
  for (const name of Object.keys(given)) {
    if (name !== 'maximumEntries' && name !== 'staleMilliseconds') {
      throw new TypeError(`near takes maximumEntries and staleMilliseconds, not ${JSON.stringify(name)}`)
    }
  }
  const { maximumEntries = 100_000, staleMilliseconds = 1000 } = given
  return {
    maximumEntries: wholeNumber('maximumEntries', maximumEntries, 2, 10_000_000),
    // Below, a beat would often come back too late, and every read were strict.
    staleMilliseconds: wholeNumber('staleMilliseconds', staleMilliseconds, 50, 60_000),
  }
}

function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new TypeError(`near.${name} is a whole number from ${least} to ${most}`)
}
