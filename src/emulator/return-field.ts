/** @module The return address of a request: checked, carried from page to page. */
import { type Context, returnRules } from './context.js'
import { language, say } from './language.js'
import { html } from './markup.js'
import { page } from './page.js'
import { checkReturnAddress } from './return-address.js'

/** Name of the parameter. */
export const returnParameter = 'returnTo'

/**
 * The checked return address of a query or form: absolute, the given default without one, `undefined` when it is not
 * allowed or there is more than one.
 */
export function returnAddress(
  context: Context,
  parameters: URLSearchParams,
  fallback: string,
): string | undefined {
  const [given, ...more] = parameters.getAll(returnParameter).filter((value) => value !== '')
  if (given === undefined) return new URL(fallback, context.url()).href
  return more.length > 0 ? undefined : checkReturnAddress(given, returnRules(context))
}

/** The hidden field that carries the address on. */
export const returnField = (address: string) =>
  html`<input type="hidden" name="${returnParameter}" value="${address}">`

/** A path of ours that carries the address on. */
export const withReturn = (path: string, address: string) =>
  `${path}?${new URLSearchParams({ [returnParameter]: address })}`

/** The query that keeps a form to the upstreams, and the language, of its page. */
export const upstreamQuery = ({ upstreams }: { readonly upstreams: readonly string[] }): string => {
  const query = new URLSearchParams(upstreams.map((upstream): [string, string] => ['upstream', upstream]))
  if (language() !== 'en') query.set('ui_locales', language())
  return query.size === 0 ? '' : `?${query}`
}

/** The page for an address that is not allowed: nobody is sent anywhere. */
export const refusedReturn = (context: Context) =>
  page(context, {
    title: say('Return address refused', 'Adresse de retour refusée'),
    status: 400,
    content: html`<section><p>${say('The application asked to return to an address outside its base domain. Nothing was done.', 'L’application a demandé de revenir à une adresse hors de son domaine. Rien n’a été fait.')}</p>
<p class="soft">${say('Allow it with the option', 'Permettez-la par l’option')} <code>allowedReturnOrigins</code>.</p></section>`,
  })
