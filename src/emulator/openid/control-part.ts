/** @module The part of the control page that is the OpenID provider's. */
import { type Content, html } from '../markup.js'
import {
  type IdTokenFault,
  idTokenFaults,
  type LogoutTokenFault,
  logoutTokenFaults,
  type OpenidFaults,
} from './faults.js'
import type { Openid } from './openid.js'

const flags = {
  withoutEndSession: 'No end_session_endpoint',
  withoutSessionState: 'No session_state',
  withoutIss: 'No iss in authorization answers',
  loginPageForPromptNone: 'prompt=none shows the login page',
  ignoresAssurance: 'acr_values and max_age are ignored',
} as const satisfies Partial<Record<keyof OpenidFaults, string>>

/** The faults that a posted form of the page asks for; to be checked. */
export function readOpenidForm(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const texts = ['logoutToken', 'idToken', 'tokenError'].flatMap((name) => {
    const value = form.get(`openid-${name}`) ?? ''
    return value === '' ? [] : [[name, value]]
  })
  const ticked = Object.keys(flags).filter((name) => form.has(`openid-${name}`))
  return Object.fromEntries([...texts, ...ticked.map((name) => [name, true])])
}

/** The fields for the faults of the provider. */
export const openidFields = (faults: OpenidFaults): Content => html`<h2>OpenID Connect</h2>
<label for="openid-logoutToken">Logout tokens</label>${select('logoutToken', logoutTokenFaults, faults.logoutToken)}
<label for="openid-idToken">id_tokens</label>${select('idToken', idTokenFaults, faults.idToken)}
<label for="openid-tokenError">Error of the token endpoint</label>
<input id="openid-tokenError" name="openid-tokenError" value="${faults.tokenError ?? ''}" placeholder="invalid_grant">
${Object.entries(flags).map(
  ([name, label]) =>
    html`<label><input class="tick" type="checkbox" name="openid-${name}" ${faults[name as keyof typeof flags] === true && 'checked'}> ${label}</label>`,
)}`

/** Who takes part, and who was told. */
export const openidSection = (openid: Openid): Content => html`<section><h2>OpenID clients</h2>
<table><thead><tr><th>In a session</th><th>sid</th></tr></thead><tbody>${openid
  .participants()
  .map(
    ({ clientId, username, sid }) =>
      html`<tr><td>${clientId} (${username})</td><td><code>${sid}</code></td></tr>`,
  )}</tbody></table>
<table><thead><tr><th>Back-channel logout</th><th>Result</th></tr></thead><tbody>${openid.deliveries
  .slice(0, 20)
  .map(
    ({ clientId, outcome, status, milliseconds }) =>
      html`<tr><td>${clientId}</td><td>${outcome} ${status} ${milliseconds !== undefined && `${milliseconds} ms`}</td></tr>`,
  )}</tbody></table></section>`

function select(
  name: string,
  values: readonly (LogoutTokenFault | IdTokenFault)[],
  chosen: LogoutTokenFault | IdTokenFault | undefined,
) {
  return html`<select id="openid-${name}" name="openid-${name}"><option value="">right</option>${values.map(
    (value) => html`<option ${value === chosen && 'selected'}>${value}</option>`,
  )}</select>`
}
