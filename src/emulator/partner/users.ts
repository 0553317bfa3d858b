/** @module Settings, User Management: an account must be there before its person comes. Source: Vivoldi SSO, 4. */
import { CitizenSessionError } from '../../errors.js'
import type { Context } from '../context.js'
import { say } from '../language.js'
import { type Content, html } from '../markup.js'
import { redirect } from '../page.js'
import type { Route } from '../route.js'
import { readForm } from '../visit.js'
import { alertOf, partnerPage } from './frame.js'
import type { PartnerState } from './partner.js'

const path = '/partner/settings/users'

/** `GET` shows the page, `POST` does what its forms say. */
export function createUsers(partner: PartnerState): Route {
  return {
    GET: (context) => usersPage(context, partner),
    async POST(context, { request }) {
      const form = await readForm(request)
      const text = (name: string) => (form.get(name) ?? '').trim()
      if (text('do') === 'remove') partner.removeUser(text('sub'))
      else {
        try {
          const name = text('name')
          partner.registerUser({ sub: text('sub'), ...(name !== '' && { name }) })
        } catch (error) {
          if (!(error instanceof CitizenSessionError)) throw error
          const problem = say(
            'An account needs the sub of its tokens, of at most 256 characters, and a name of at most 128.',
            'Un compte demande le sub de ses jetons, d’au plus 256 caractères, et un nom d’au plus 128.',
          )
          return usersPage(context, partner, problem)
        }
      }
      return redirect(path)
    },
  }
}

function usersPage(context: Context, partner: PartnerState, problem?: string): Response {
  return partnerPage(context, {
    title: say('Users', 'Utilisateurs'),
    status: problem === undefined ? 200 : 400,
    content: html`<section>${alertOf(problem)}
<p>${say('Only people with an account here can be signed in by a token.', 'Seules les personnes qui ont un compte ici peuvent être connectées par un jeton.')}</p>
${partner.users.length === 0 && html`<p class="soft">${say('No accounts yet.', 'Pas encore de comptes.')}</p>`}
${partner.users.map(
  ({
    sub,
    name,
  }) => html`<form method="post" action="${path}"><p>${name}<br><code>${sub}</code> <input type="hidden" name="sub" value="${sub}">
<button class="plain" name="do" value="remove" aria-label="${say('Remove', 'Retirer')} ${name}">${say('Remove', 'Retirer')}</button></p></form>`,
)}</section>
<section><h2>${say('New account', 'Nouveau compte')}</h2><form method="post" action="${path}">
<label for="sub">${say('Account (the token’s sub)', 'Compte (le sub du jeton)')}</label><input id="sub" name="sub" maxlength="256" required>
<label for="name">${say('Name', 'Nom')}</label><input id="name" name="name" maxlength="128">
<button>${say('Register', 'Enregistrer')}</button></form></section>
${organisation(context, partner)}`,
  })
}

/** The people of the emulator, to be registered with one press. */
function organisation({ people }: Context, { users }: PartnerState): Content {
  const missing = people.all.filter((person) => !users.some(({ sub }) => sub === person.sub))
  if (missing.length === 0) return undefined
  return html`<section><h2>${say('People of your organisation', 'Personnes de votre organisation')}</h2>${missing.map(
    ({ name, sub }) => html`<form method="post" action="${path}"><p>${name}
<input type="hidden" name="sub" value="${sub}"><input type="hidden" name="name" value="${name}">
<button class="plain" aria-label="${say('Register', 'Enregistrer')} ${name}">${say('Register', 'Enregistrer')}</button></p></form>`,
  )}</section>`
}
