/** @module The SAML part of the control page: faults of messages, roll-over, who takes part, who was told. */
import { type Content, html, type Markup } from '../markup.js'
import { type SamlFaultKind, type SamlFaults, samlFaultNames } from './faults.js'
import type { Saml } from './saml.js'

const labels: Readonly<Record<SamlFaultKind, string>> = {
  response: 'Response',
  logoutRequest: 'LogoutRequest',
  logoutResponse: 'LogoutResponse',
  metadata: 'Metadata',
}

const kinds = Object.keys(labels) as SamlFaultKind[]

/** The fields of the form: one fault for each kind of message; several at once only through JSON. */
export const samlFields = (settings: SamlFaults): Markup =>
  html`<table><thead><tr><th>SAML message</th><th>Fault</th></tr></thead><tbody>${kinds.map(
    (kind) => html`<tr><td>${labels[kind]}</td><td>${select(kind, [settings[kind] ?? []].flat())}</td></tr>`,
  )}</tbody></table>`

function select(kind: SamlFaultKind, chosen: readonly string[]) {
  return html`<select name="saml-${kind}" aria-label="Fault of ${labels[kind]}"><option value="">off</option>${samlFaultNames[
    kind
  ].map((name) => html`<option ${chosen[0] === name && 'selected'}>${name}</option>`)}</select>`
}

/** What the posted form says; what it cannot be is refused where every setting is. */
export const readSamlForm = (form: URLSearchParams): Readonly<Record<string, string>> =>
  Object.fromEntries(
    kinds.flatMap((kind) => {
      const text = form.get(`saml-${kind}`) ?? ''
      return text === '' ? [] : [[kind, text]]
    }),
  )

/** What is to be seen of it. */
export function samlSection({ certificates, participants, deliveries }: Saml): Content {
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
