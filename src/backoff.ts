/** @module How long to wait after a failed refresh. */

const firstSeconds = 5
const longestSeconds = 60

/** 5 s, doubled with each failure up to a minute, and up to a quarter off, so that instances do not march in step. */
export function backoffSeconds(
  failures: number,
  wish: number | undefined,
  random: (bytes: number) => Uint8Array,
): number {
  const base = Math.min(firstSeconds * 2 ** failures, longestSeconds)
  const jitter = ((random(1)[0] ?? 0) / 256) * 0.25
  return Math.max(base * (1 - jitter), wish ?? 0)
}
