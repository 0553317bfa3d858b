/** @module The control page: faults, keys, time and sessions by hand. */
import type { Context } from './context.js'
import type { ControlPart, Controls } from './controls.js'
import { type EndpointName, endpointNames } from './endpoints.js'
import { readOpenidForm } from './faults/openid-form.js'
import { readSamlForm } from './faults/saml-form.js'
import { checkedSettings, type Nonsense, nonsenseKinds } from './faults.js'
import { html } from './markup.js'
import { page } from './page.js'

/** Endpoints that the page can make fail, besides those of the modes; the others only through JSON. */
const steered = ['refresh', 'jwks', 'login', 'logout'] as const satisfies readonly EndpointName[]

const statuses = [401, 403, 429, 500, 503]

/** What the buttons do besides setting faults. */
const buttons: Readonly<Record<string, (controls: Controls, form: URLSearchParams) => unknown>> = {
  clear: (controls) => controls.faults.clear(),
  travel: (controls, form) => controls.travel(Number(form.get('seconds'))),
  revoke: (controls, form) => controls.revoke(form.get('session') ?? ''),
  'publish-key': (controls) => controls.rotateKeys({ publishOnly: true }),
  'rotate-keys': (controls) => controls.rotateKeys(),
  'replace-keys': (controls) => controls.rotateKeys({ dropOld: true }),
  'saml-roll-over': (controls) => controls.saml.rollOver(),
}

/** Does what a posted form of the page says. @throws `emulator` when a value cannot be. */
export async function applyForm(controls: Controls, form: URLSearchParams): Promise<void> {
  const name = form.get('do') ?? ''
  if (Object.hasOwn(buttons, name)) {
    await buttons[name]?.(controls, form)
    return
  }
  const perEndpoint = <T>(prefix: string, read: (text: string) => T) =>
    Object.fromEntries(
      endpointNames.flatMap((endpoint) => {
        const text = form.get(`${prefix}-${endpoint}`) ?? ''
        return text === '' ? [] : [[endpoint, read(text)]]
      }),
    )
  controls.faults.set(
    checkedSettings({
      down: form.has('down'),
      slowMilliseconds: Number(form.get('slow') ?? 0),
      skewSeconds: Number(form.get('skew') ?? 0),
      status: perEndpoint('status', Number),
      nonsense: perEndpoint('nonsense', String),
      openid: readOpenidForm(form),
      saml: readSamlForm(form),
    }),
  )
}

/** What the page shows. */
export interface ControlView {
  readonly controls: Controls
  readonly parts: readonly ControlPart[]
  /** The endpoints that are served. */
  readonly endpoints: readonly EndpointName[]
}

/** `GET /faults`. */
export function controlPage(context: Context, { controls, parts, endpoints }: ControlView): Response {
  const { settings } = controls.faults
  return page(context, {
    title: 'Faults',
    content: html`<section><form method="post" action="/faults">
<label><input class="tick" type="checkbox" name="down" ${settings.down && 'checked'}> Down: nothing answers</label>
<label for="slow">Slow: milliseconds before each answer</label>
<input id="slow" name="slow" type="number" min="0" value="${settings.slowMilliseconds}">
<label for="skew">Clock is off by seconds</label>
<input id="skew" name="skew" type="number" value="${settings.skewSeconds}">
<table><thead><tr><th>Endpoint</th><th>Status</th><th>Nonsense</th></tr></thead><tbody>
${[...steered, ...parts.flatMap((part) => part.steered)].map(
  (endpoint) => html`<tr><td>${endpoint}</td>
<td>${select(`status-${endpoint}`, statuses, settings.status[endpoint])}</td>
<td>${select(`nonsense-${endpoint}`, kindsFor(endpoint), settings.nonsense[endpoint])}</td></tr>`,
)}</tbody></table>
${parts.map((part) => part.fields(settings))}
<button>Switch</button> <button class="plain" name="do" value="clear">Everything off</button></form></section>
${parts.map((part) => part.section())}
<section><h2>Keys</h2><form method="post" action="/faults">
<button class="plain" name="do" value="publish-key">Publish the next key</button>
<button class="plain" name="do" value="rotate-keys">Sign with a new key</button>
<button class="plain" name="do" value="replace-keys">Replace every key</button></form></section>
<section><h2>Time</h2><p>${new Date(controls.clock()).toISOString()}</p><form method="post" action="/faults">
<label for="seconds">Seconds to travel</label><input id="seconds" name="seconds" type="number" value="600">
<button class="plain" name="do" value="travel">Travel</button></form></section>
<section><h2>Identity sessions</h2>${controls.sessions.length === 0 && html`<p class="soft">None.</p>`}
${controls.sessions.map(
  ({
    jti,
    username,
    level,
  }) => html`<form method="post" action="/faults"><p>${username} (${level})<br><code>${jti}</code></p>
<input type="hidden" name="session" value="${jti}"><button class="plain" name="do" value="revoke">Revoke</button></form>`,
)}</section>
<section><h2>Requests</h2><table><tbody>
${endpoints.map(
  (name) => html`<tr><th>${name}</th><td>${controls.requests[name]}</td></tr>`,
)}</tbody></table></section>`,
  })
}

const kindsFor = (endpoint: EndpointName): readonly Nonsense[] =>
  endpoint === 'refresh' ? nonsenseKinds : nonsenseKinds.slice(0, 3)

function select(name: string, values: readonly (string | number)[], chosen: string | number | undefined) {
  const shown = chosen === undefined || values.includes(chosen) ? values : [...values, chosen]
  return html`<select name="${name}" aria-label="${name.replace('-', ' of ')}"><option value="">off</option>${shown.map(
    (value) => html`<option ${value === chosen && 'selected'}>${value}</option>`,
  )}</select>`
}
