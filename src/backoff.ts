/** @module How long to wait after a failed call. */

const firstSeconds = 5
const longestSeconds = 60

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
  wish: number | undefined,
  random: (bytes: number) => Uint8Array,
): number {
  return Math.max(doubledSeconds(firstSeconds, failures, random), wish ?? 0)
}
