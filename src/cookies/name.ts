/** @module The names of our own cookies. */

/** Name of a cookie of our own: with the prefix that binds it to this very host, where the browser allows it. */
export function ownCookieName(application: string, name: string, isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}${application}.${name}`
}
