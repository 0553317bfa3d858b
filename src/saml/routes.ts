/** @module The routes of one provider: below `saml` without a name, else below the name. */

/** Every route of a provider, without its name. */
export const samlRoutes = ['metadata', 'acs', 'slo', 'soap', 'keep-alive'] as const

/** One of them. */
export type SamlRoute = (typeof samlRoutes)[number]

/** A route below `routes.path`: `saml/acs`, or `eduid/acs` of the provider that is called so. */
export function routeOf(name: string | undefined, route: SamlRoute): string {
  return `${name ?? 'saml'}/${route}`
}
