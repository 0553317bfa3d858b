/** @module The emulator's own application (the CitizenOne session): home, and the person's phone. */
import type { Context } from './context.js'
import { lacksSecondFactor } from './context.js'
import { sharedCookieLines } from './cookies.js'
import { html } from './markup.js'
import { page } from './page.js'
import { totpCode } from './totp.js'
import { cookieOptions, type Visit } from './visit.js'

const time = (milliseconds: number) =>
  `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`

const levels = { password: 'password', mfa: 'password and second factor', did: 'Eeze' }

/** `GET /`: signed in and out with the shared cookie, as any application of the base domain. */
export function showHome(context: Context, visit: Visit): Response {
  if (!visit.shared) return signedOutHome(context, visit)
  const { session, person } = visit.shared
  const isLacking = lacksSecondFactor(session, person)
  return page(context, {
    title: `Hello, ${person.name}`,
    content: html`<section>
<p>${isLacking ? 'A second factor is missing.' : 'You are signed in.'}</p>
<table><tbody>
<tr><th>Signed in by</th><td>${levels[session.level]}</td></tr>
<tr><th>Since</th><td>${time(session.startedAt)}</td></tr>
<tr><th>Ends unless extended</th><td>${time(session.expiresAt)}</td></tr>
<tr><th>Ends in any case</th><td>${time(session.endsAt)}</td></tr>
</tbody></table>
${isLacking ? html`<p><a href="/second-factor">Enter the code</a></p>` : html`<p><a href="/profile">Profile</a></p>`}
<form method="post" action="/logout"><button>Sign out everywhere</button></form>
</section>`,
  })
}

function signedOutHome(context: Context, visit: Visit) {
  return page(context, {
    title: 'CitizenOne',
    cookies: visit.hasSharedCookie ? sharedCookieLines(undefined, cookieOptions(context)) : [],
    content: html`<section><p>${
      visit.identity
        ? 'The shared cookie is gone, so you are signed out here. The identity session still lives: signing in needs no password.'
        : 'You are not signed in.'
    }</p>
<p><a href="/login?returnTo=%2F">Sign in</a></p></section>`,
  })
}

/** `GET /messages`: the SMS, and what the authenticator apps show. It stands for the people's phones. */
export async function showMessages(context: Context): Promise<Response> {
  const enrolled = context.people.all.filter((person) => person.secondFactor === 'totp')
  const apps = await Promise.all(
    enrolled.map(async ({ name, totpSecret }) => ({
      name,
      code: await totpCode(totpSecret ?? '', context.now()),
    })),
  )
  return page(context, {
    title: 'Phone',
    content: html`<section><h2>Messages</h2>
${context.codes.messages.length === 0 && html`<p class="soft">No messages.</p>`}
${context.codes.messages.map(
  (message) =>
    html`<p><small class="soft">${message.phone} (${message.username}), ${time(message.at)}</small><br>${message.text}</p>`,
)}
<p><a href="/messages">Look again</a></p></section>
${
  apps.length > 0 &&
  html`<section><h2>Authenticator app</h2>${apps.map(
    ({ name, code }) => html`<p>${name}<br><span class="code">${code}</span></p>`,
  )}</section>`
}`,
  })
}
