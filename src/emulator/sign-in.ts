/** @module Signing in: single sign-on, password, Eeze. */
import { type Context, lacksSecondFactor } from './context.js'
import { say } from './language.js'
import { type Content, html } from './markup.js'
import { page, redirect } from './page.js'
import type { Person } from './people.js'
import { refusedReturn, returnAddress, returnField, upstreamQuery, withReturn } from './return-field.js'
import type { Level } from './sessions.js'
import { readForm, signedInCookies, type Visit } from './visit.js'

/** `GET /login`: straight back while the identity session lives, unless `prompt=login`; else the page. */
export async function showLogin(context: Context, visit: Visit): Promise<Response> {
  const target = returnAddress(context, visit.query, '/')
  if (target === undefined) return refusedReturn(context)
  const isForced = visit.query.get('prompt') === 'login'
  const hint = visit.query.get('login_hint') ?? undefined
  if (!visit.identity || isForced) return loginPage(context, { target, isForced, visit, username: hint })
  const cookies = await signedInCookies(context, visit.identity)
  const { session, person } = visit.identity
  return redirect(lacksSecondFactor(session, person) ? withReturn('/second-factor', target) : target, cookies)
}

/** `POST /login`: a new session, with a session value of its own; the browser's older one ends. */
export async function signIn(context: Context, visit: Visit): Promise<Response> {
  const form = await readForm(visit.request)
  const target = returnAddress(context, form, '/')
  if (target === undefined) return refusedReturn(context)
  const isForced = form.get('prompt') === 'login'
  const eeze = form.get('eeze')
  if (eeze !== null) {
    const person = context.people.find(eeze)
    if (person?.eeze && isMeant(visit, person)) return begin(context, visit, { person, level: 'did', target })
  } else {
    const person = await context.people.authenticate(form.get('username') ?? '', form.get('password') ?? '')
    if (person && isMeant(visit, person)) return begin(context, visit, { person, level: 'password', target })
  }
  return loginPage(context, {
    target,
    isForced,
    visit,
    problem: say(
      'That username and password do not match.',
      'Ce nom d’utilisateur et ce mot de passe ne vont pas ensemble.',
    ),
  })
}

const isMeant = ({ upstreams }: Visit, person: Person) =>
  upstreams.length === 0 || upstreams.includes(person.upstream)

interface Beginning {
  readonly person: Person
  readonly level: Level
  readonly target: string
}

async function begin(context: Context, visit: Visit, { person, level, target }: Beginning) {
  const older = visit.held.filter((known) => known.person.upstream === person.upstream)
  if (visit.shared && visit.shared.person.upstream === person.upstream) older.push(visit.shared)
  const same = older.find((known) => known.session.username === person.username)
  const session = context.sessions.begin(person.username, level, same?.session.sid)
  for (const known of older) {
    for (const mode of context.modes) mode.carry(known.session, session)
    context.sessions.end(known.session)
  }
  visit.held.unshift({ session, person })
  const cookies = await signedInCookies(context, { session, person })
  if (!lacksSecondFactor(session, person)) return redirect(target, cookies)
  if (person.secondFactor === 'sms') await context.codes.send(session.jti, person)
  return redirect(withReturn('/second-factor', target), cookies)
}

interface LoginPage {
  readonly target: string
  readonly isForced: boolean
  readonly visit: Visit
  readonly username?: string | undefined
  readonly problem?: string
}

function loginPage(context: Context, { target, isForced, visit, username, problem }: LoginPage) {
  const people = context.people.all.filter((person) => isMeant(visit, person))
  const action = `/login${upstreamQuery(visit)}`
  const hidden = html`${returnField(target)}${isForced && html`<input type="hidden" name="prompt" value="login">`}`
  const eezePeople = people.filter((person) => person.eeze)
  const content: Content = html`<section>
${problem && html`<p class="bad" role="alert">${problem}</p>`}
${isForced && html`<p>${say('The application asks you to sign in again.', 'L’application vous demande de vous connecter de nouveau.')}</p>`}
<form method="post" action="${action}">${hidden}
<label for="username">${say('Username', 'Nom d’utilisateur')}</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none"${username !== undefined && html` value="${username}"`} required autofocus>
<label for="password">${say('Password', 'Mot de passe')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>${say('Sign in', 'Se connecter')}</button>
</form>
</section>
${
  eezePeople.length > 0 &&
  html`<section><h2>Eeze</h2>
<form method="post" action="${action}">${hidden}${eezePeople.map(
    (person) =>
      html`<button class="plain" name="eeze" value="${person.username}">${say('Sign in with Eeze as', 'Se connecter par Eeze comme')} ${person.name}</button>`,
  )}</form></section>`
}
<section><h2>${say('People of this emulator', 'Personnes de cet émulateur')}</h2>
<table><thead><tr><th>${say('Username', 'Nom')}</th><th>${say('Password', 'Mot de passe')}</th><th>${say('Then', 'Ensuite')}</th></tr></thead>
<tbody>${people.map(
    (person) =>
      html`<tr><td>${person.username}</td><td>${person.shownPassword}</td><td>${thenOf(person)}</td></tr>`,
  )}</tbody></table></section>`
  return page(context, {
    title: say('Sign in', 'Se connecter'),
    content,
    status: problem === undefined ? 200 : 403,
  })
}

function thenOf(person: Person) {
  if (person.secondFactor === 'sms') return say('SMS code', 'code par SMS')
  if (person.secondFactor === 'totp') return say('app code', 'code de l’application')
  return person.eeze ? say('or Eeze', 'ou Eeze') : say('nothing', 'rien')
}
