/** @module The form of the faults of SAML messages on the control page. */
import { html, type Markup } from '../markup.js'
import { type SamlFaultKind, type SamlFaults, samlFaultNames } from './saml.js'

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
