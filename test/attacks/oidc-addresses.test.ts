import { expect, it } from 'vitest'
import { issuer } from '../oidc/signer.js'
import { hostileRedirects } from '../vectors/redirects.js'
import { createPlace, home } from './oidc-place.js'

/** The corpus attacks an application of its own address: ours stands in its place. */
const payloads = hostileRedirects.map((payload) =>
  payload
    .replaceAll('https://benefits.example.gov', home)
    .replaceAll('benefits.example.gov', 'benefits.example'),
)
const known = [home, issuer]

it('leads nobody away by any returnTo of a login or a silent check', async () => {
  const place = createPlace()
  place.script.sid = 'session-1'
  const browser = place.browser()
  await browser.open(`${home}/session/login`)
  place.script.silently = 'interaction_required'
  for (const [index, payload] of payloads.entries()) {
    const query = new URLSearchParams({ returnTo: payload })
    const paths = [
      `/session/reauthenticate?begin=top&${query}`,
      ...(index % 10 === 0 ? [`/session/login?maxAge=1&${query}`] : []),
    ]
    for (const path of paths) {
      const visit = await browser.open(home + path, { from: home })
      for (const hop of visit.path) expect(known, payload).toContain(new URL(hop).origin)
      expect(new URL(visit.url).origin, payload).toBe(home)
    }
  }
  expect(payloads.length).toBeGreaterThan(800)
}, 60_000)

it('sends a form of another site nowhere but to the callback, whatever its fields are called', async () => {
  const place = createPlace({ oidc: { responseMode: 'form_post' } })
  const names = [
    'action',
    'submit',
    'method',
    'target',
    'formaction',
    '_charset_',
    'constructor',
    '"><form action=x>',
  ]
  const fields = Object.fromEntries(
    names.map((name) => [name, 'https://evil.example/"><script>alert(1)</script>']),
  )
  const page = await place
    .browser()
    .post(`${home}/session/callback`, fields, { from: 'https://evil.example' })
  expect(page.status).toBe(200)
  expect([...page.body.matchAll(/<form\b/g)]).toHaveLength(1)
  expect(page.body).toContain(`<form method="post" action="/session/callback">`)
  expect(page.body).toContain('HTMLFormElement.prototype.submit.call(document.forms[0])')
  expect(page.body).not.toContain('<script>alert')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const sent = await place.browser().press(page, 'Continue')
  expect([sent.status, new URL(sent.url).pathname]).toEqual([400, '/session/callback'])
  expect(place.grants).toEqual([])
})
