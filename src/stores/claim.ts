/** @module What every store writes for a claim, and how long one holds by itself. */

/** How long a claim holds before it is confirmed. */
export const claimSeconds = 30

/** What says whose a claim is. Without an owner it is what 0.1.0 writes. */
export function claimText(owner: string | undefined): string {
  return owner === undefined ? 'claimed' : `claimed:${owner}`
}
