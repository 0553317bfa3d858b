/** @module How long to wait after a failed call to a provider: by our own back-off, and by its `Retry-After`. */

const firstSeconds = 5
const longestSeconds = 60
const longestRetryAfterSeconds = 300

/** `first` seconds, doubled with each failure up to a minute, and up to a quarter off, so that instances do not march in step. */
export function doubledSeconds(
  first: number,
  failures: number,
  random: (bytes: number) => Uint8Array,
): number {
  const base = Math.min(first * 2 ** failures, longestSeconds)
  const jitter = ((random(1)[0] ?? 0) / 256) * 0.25
  return base * (1 - jitter)
}

/** How long a refresh that failed waits: from 5 s on, and as long as the provider has said. */
export function backoffSeconds(
  failures: number,
  wanted: number | undefined,
  random: (bytes: number) => Uint8Array,
): number {
  return Math.max(doubledSeconds(firstSeconds, failures, random), wanted ?? 0)
}

/**
 * Seconds that a `Retry-After` header asks for, at most five minutes; a date is not read.
 * Source: RFC 9110, section 10.2.3.
 */
export function parseRetryAfter(header: string | null): number | undefined {
  const seconds = Number(header ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, longestRetryAfterSeconds) : undefined
}
