/** @module The form of the faults of the OpenID provider on the control page. */
import { type Content, html } from '../markup.js'
import {
  type IdTokenFault,
  idTokenFaults,
  type LogoutTokenFault,
  logoutTokenFaults,
  type OpenidFaults,
  type UserInfoFault,
  userInfoFaults,
} from './openid.js'

const flags = {
  withoutEndSession: 'No end_session_endpoint',
  withoutSessionState: 'No session_state',
  withoutIss: 'No iss in authorization answers',
  loginPageForPromptNone: 'prompt=none shows the login page',
  ignoresAssurance: 'acr_values and max_age are ignored',
} as const satisfies Partial<Record<keyof OpenidFaults, string>>

/** The faults that a posted form of the page asks for; to be checked. */
export function readOpenidForm(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const texts = ['logoutToken', 'idToken', 'userInfo', 'tokenError'].flatMap((name) => {
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
<label for="openid-userInfo">UserInfo</label>${select('userInfo', userInfoFaults, faults.userInfo)}
<label for="openid-tokenError">Error of the token endpoint</label>
<input id="openid-tokenError" name="openid-tokenError" value="${faults.tokenError ?? ''}" placeholder="invalid_grant">
${Object.entries(flags).map(
  ([name, label]) =>
    html`<label><input class="tick" type="checkbox" name="openid-${name}" ${faults[name as keyof typeof flags] === true && 'checked'}> ${label}</label>`,
)}`

function select(
  name: string,
  values: readonly (LogoutTokenFault | IdTokenFault | UserInfoFault)[],
  chosen: LogoutTokenFault | IdTokenFault | UserInfoFault | undefined,
) {
  return html`<select id="openid-${name}" name="openid-${name}"><option value="">right</option>${values.map(
    (value) => html`<option ${value === chosen && 'selected'}>${value}</option>`,
  )}</select>`
}
