/** @module What single claims must look like, in ID tokens as in logout tokens. */

/** The last second of the year 9999: what is later is a mistake, most likely milliseconds. */
const latestNumericDate = 253_402_300_799

/** Whether a claim is a text with something in it, of a length that can be stored. */
export function isText(value: unknown, most = 512): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}

/** Whether a claim is seconds since the epoch. Source: RFC 7519, section 2 (NumericDate). */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= latestNumericDate
}

/**
 * Whether a token is for this client: `aud` names it, and `azp`, if there is one, names no other.
 * Source: OpenID Connect Core 1.0, sections 2 and 3.1.3.7; `BCL-09`.
 */
export function isForClient(claims: Readonly<Record<string, unknown>>, clientId: string): boolean {
  const { aud, azp } = claims
  if (azp !== undefined && azp !== clientId) return false
  return Array.isArray(aud) ? aud.includes(clientId) : aud === clientId
}

/** `typ` as RFC 7515, section 4.1.9 compares it: letter case and a leading `application/` do not count. */
export function normalType(type: string | undefined): string | undefined {
  return type?.toLowerCase().replace(/^application\//, '')
}
