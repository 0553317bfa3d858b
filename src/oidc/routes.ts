/** @module The routes of one provider: directly below ours without a name, else below the name. */

/** Every route of a provider, without its name. */
export const oidcRoutes = [
  'callback',
  'backchannel-logout',
  'frontchannel-logout',
  'check-session',
  'reauthenticate',
] as const

/** One of them. */
export type OidcRoute = (typeof oidcRoutes)[number]

/** A route below `routes.path`: `callback`, or `adfs/callback` of the provider that is called so. */
export function routeOf(name: string | undefined, route: OidcRoute): string {
  return name === undefined ? route : `${name}/${route}`
}
