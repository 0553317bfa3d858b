/** @module The frame of the partner's pages: another site than the identity provider's, with a menu of its own. */
import type { Context } from '../context.js'
import { say } from '../language.js'
import { type Content, html } from '../markup.js'
import { type PageParts, page } from '../page.js'

/** Answers with a page of the partner. */
export function partnerPage(context: Context, parts: PageParts): Response {
  const site = say('Partner', 'Partenaire')
  return page(context, {
    ...parts,
    site,
    header: html`<strong>${site}</strong><small>${say('emulator', 'émulateur')}</small><a href="/partner">${say('Home', 'Accueil')}</a> <a href="/partner/developer/sso">SSO</a> <a href="/partner/settings/users">${say('Users', 'Utilisateurs')}</a>`,
  })
}

/** What went wrong, where there is something. */
export const alertOf = (problem: string | undefined): Content =>
  problem !== undefined && html`<p class="bad" role="alert">${problem}</p>`
