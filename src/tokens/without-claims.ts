/** @module Claims that are left out. */

/** The claims without those of these names: the same object where it has none of them. */
export function withoutClaims<C extends Readonly<Record<string, unknown>>>(
  claims: C,
  names: readonly string[],
): C {
  if (!names.some((name) => Object.hasOwn(claims, name))) return claims
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name))) as C
}
