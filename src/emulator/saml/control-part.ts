/** @module What the SAML identity provider adds to the control interface: roll-over, who takes part, who was told. */
import type { ControlPart } from '../controls.js'
import { samlFields } from '../faults/saml-form.js'
import { type Content, html } from '../markup.js'
import type { Saml } from './saml.js'

/** The part of a SAML identity provider. */
export const createSamlPart = (saml: Saml): ControlPart => ({
  name: 'saml',
  steered: [],
  state: () => ({ participants: saml.participants, deliveries: saml.deliveries }),
  fields: (settings) => samlFields(settings.saml),
  section: () => sectionOf(saml),
})

function sectionOf({ certificates, participants, deliveries }: Saml): Content {
  return html`<section><h2>SAML</h2><p>Published certificates: ${certificates.length}</p>
<form method="post" action="/faults"><button class="plain" name="do" value="saml-roll-over">Next step of a roll-over</button></form>
${
  participants.length > 0 &&
  html`<table><thead><tr><th>Service provider</th><th>Person</th></tr></thead><tbody>${participants.map(
    ({ serviceProvider, username }) => html`<tr><td>${serviceProvider}</td><td>${username}</td></tr>`,
  )}</tbody></table>`
}
${
  deliveries.length > 0 &&
  html`<table><thead><tr><th>Told</th><th>By</th><th>State</th></tr></thead><tbody>${deliveries
    .slice(-12)
    .map(
      ({ serviceProvider, binding, state, problem }) =>
        html`<tr><td>${serviceProvider}</td><td>${binding ?? 'nothing'}</td><td>${state} ${problem}</td></tr>`,
    )}</tbody></table>`
}</section>`
}
