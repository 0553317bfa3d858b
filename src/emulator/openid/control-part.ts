/** @module What the OpenID provider adds to the control interface: who takes part, and who was told. */
import type { ControlPart } from '../controls.js'
import type { EndpointName } from '../endpoints.js'
import { openidFields } from '../faults/openid-form.js'
import { type Content, html } from '../markup.js'
import type { Openid } from './openid.js'

/** Endpoints that the page can make fail; the others only through JSON. */
const steered = [
  'openid-configuration',
  'openid-keys',
  'authorization',
  'token',
  'userinfo',
  'end-session',
] as const satisfies readonly EndpointName[]

/** The part of an OpenID provider. */
export const createOpenidPart = (openid: Openid): ControlPart => ({
  name: 'openid',
  steered,
  state: () => ({ participants: openid.participants(), deliveries: openid.deliveries }),
  fields: (settings) => openidFields(settings.openid),
  section: () => sectionOf(openid),
})

/** Who takes part, and who was told. */
const sectionOf = (openid: Openid): Content => html`<section><h2>OpenID clients</h2>
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
