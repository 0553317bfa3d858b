/** @module The profile page of the emulator: its security view, where an authenticator app is enrolled. */
import { type Context, lacksSecondFactor } from './context.js'
import { type Content, html, trusted } from './markup.js'
import { page, redirect } from './page.js'
import { withReturn } from './return-field.js'
import { newTotpSecret, spendTotpCode, totpEnrolment } from './totp.js'
import { readForm, type SignedIn, signedInCookies, type Visit } from './visit.js'

/** `GET /profile`. */
export async function showProfile(context: Context, visit: Visit): Promise<Response> {
  const known = fullySignedIn(visit)
  return known ? profilePage(context, known) : signInFirst(visit)
}

const fullySignedIn = ({ shared }: Visit) =>
  shared && !lacksSecondFactor(shared.session, shared.person) ? shared : undefined

const signInFirst = ({ shared }: Visit) =>
  redirect(withReturn(shared ? '/second-factor' : '/login', '/profile'))

/** `POST /profile`: begins an enrolment (`enrol`), or ends it with the app's first code (`code`). */
export async function changeProfile(context: Context, visit: Visit): Promise<Response> {
  const form = await readForm(visit.request)
  const known = fullySignedIn(visit)
  if (!known) return signInFirst(visit)
  const { session, person } = known
  if (!mayEnrol(known)) return profilePage(context, known, { status: 403 })
  if (form.has('enrol')) {
    person.pendingTotpSecret = await newTotpSecret()
    return redirect('/profile')
  }
  const secret = person.pendingTotpSecret
  if (secret === undefined) return redirect('/profile')
  const code = (form.get('code') ?? '').replaceAll(' ', '')
  if (!(await spendTotpCode(person, secret, { code, now: context.now() }))) {
    return profilePage(context, known, { status: 403, problem: 'That code is not right.' })
  }
  person.totpSecret = secret
  person.pendingTotpSecret = undefined
  person.secondFactor = 'totp'
  session.level = 'mfa'
  return redirect('/profile', await signedInCookies(context, known))
}

/** Eeze is an LoA2 authenticator: more factors are unnecessary. Source: CitizenOne, Eeze Authentication. */
const mayEnrol = ({ session, person }: SignedIn) =>
  session.level !== 'did' && person.secondFactor === undefined

interface ProfileState {
  readonly status?: number
  readonly problem?: string
}

async function profilePage(context: Context, known: SignedIn, { status, problem }: ProfileState = {}) {
  return page(context, {
    title: 'Profile',
    status,
    content: html`<section><h2>You</h2><table><tbody>
<tr><th>Name</th><td>${known.person.name}</td></tr>
<tr><th>Identity</th><td><code>${known.person.sub}</code></td></tr></tbody></table></section>
<section><h2>Security</h2>${await security(known, problem)}</section>`,
  })
}

async function security({ session, person }: SignedIn, problem: string | undefined): Promise<Content> {
  if (session.level === 'did') return html`<p>You are signed in with Eeze.</p>`
  if (person.secondFactor === 'sms') return html`<p>A code goes to ${person.phone} when you sign in.</p>`
  if (person.secondFactor === 'totp') return html`<p>Your authenticator app is set up.</p>`
  const secret = person.pendingTotpSecret
  if (secret === undefined) {
    return html`<p>Your password is enough to sign in.</p>
<form method="post" action="/profile"><button name="enrol" value="totp">Add an authenticator app</button></form>`
  }
  const { svg } = await totpEnrolment(person.username, secret)
  return html`<p>Scan this code with your authenticator app, then enter the six digits that it shows.</p>
<div class="qr">${trusted(svg)}</div>
<p class="soft">Or type the secret: <code id="secret">${secret}</code></p>
${problem && html`<p class="bad" role="alert">${problem}</p>`}
<form method="post" action="/profile">
<label for="code">Six-digit code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" required>
<button>Finish</button></form>`
}
