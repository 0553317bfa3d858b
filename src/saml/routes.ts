/** @module The routes of one provider: below `saml` without a name, else below the name. */

/** A route below `routes.path`: `saml/acs`, or `eduid/acs` of the provider that is called so. */
export function routeOf(name: string | undefined, route: string): string {
  return `${name ?? 'saml'}/${route}`
}
