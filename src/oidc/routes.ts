/** @module The routes of one provider: directly below ours without a name, else below the name. */

/** A route below `routes.path`: `callback`, or `adfs/callback` of the provider that is called so. */
export function routeOf(name: string | undefined, route: string): string {
  return name === undefined ? route : `${name}/${route}`
}
