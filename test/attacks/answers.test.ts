/** @module Answers of providers of any content, from fixed seeds: no error of ours, and nobody out who was not refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idToken, issuer } from '../oidc/signer.js'
import { dueSeconds, engines } from '../sessions/renewals.js'
import { anyText } from '../support/any-text.js'
import { createPlace, home } from './oidc-place.js'

const seed = 20_261_130

const words = fc.constantFrom<unknown>(
  'a-token',
  '',
  'x'.repeat(32_768),
  '"'.repeat(32_768),
  'x'.repeat(40_000),
  '\u{d800}',
  'é\u0000\n',
  'invalid_request',
  'temporarily_unavailable',
  'DPoP',
  'bearer',
  '__proto__',
  '1e999',
  0,
  -1,
  1e308,
  300,
  null,
  true,
  [],
  {},
)
const anything = fc.oneof({ weight: 3, arbitrary: words }, fc.jsonValue({ maxDepth: 2 }))
const members = fc.record(
  {
    access_token: fc.oneof({ weight: 3, arbitrary: fc.constant('access') }, anything),
    token_type: fc.oneof({ weight: 3, arbitrary: fc.constant('Bearer') }, anything),
    expires_in: anything,
    refresh_token: anything,
    id_token: fc.oneof(anything, fc.constant(idToken())),
    session_state: anything,
    scope: anything,
    error: fc.oneof(anything, fc.constant('invalid_grant')),
    error_description: anything,
    error_uri: anything,
  },
  { requiredKeys: [] },
)
const bodies = fc.oneof(
  { weight: 5, arbitrary: members.map((members) => JSON.stringify(members)) },
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  anyText(60),
  fc.constantFrom('', '{"access_token":', '[]', 'null', '<html>', '\u{feff}{}', 'x'.repeat(300_000)),
)
const headers = fc
  .record(
    {
      'content-type': fc.constantFrom('application/json', 'application/jwt', 'text/html', 'x', 'a/b;;=,"'),
      'retry-after': fc.constantFrom('0', '-1', '1e999', '1e9', 'soon', 'Wed, 21 Oct 2015 07:28:00 GMT', '7'),
      'www-authenticate': fc.constantFrom(
        'Bearer',
        'DPoP error="use_dpop_nonce"',
        'x="',
        ',,,',
        'Basic realm=é',
      ),
      location: fc.constantFrom('/', 'https://evil.example/', 'x'),
      'content-length': fc.constantFrom('0', '-1', '99999999'),
    },
    { requiredKeys: [] },
  )
  .map((given) => ({ 'content-type': 'application/json', ...given }))
const statuses = fc.oneof(
  { weight: 4, arbitrary: fc.constant(200) },
  fc.constantFrom(200, 201, 204, 205, 302, 304, 400, 400, 401, 403, 404, 429, 500, 503, 599),
)
const answers = fc.record({ status: statuses, headers, body: bodies })
type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never

const responseOf = ({ status, headers: given, body }: Answer): Response =>
  new Response([204, 205, 304].includes(status) ? null : body, { status, headers: given })

/** Whether an answer says in so many words that the tokens are refused. */
function refuses({ status, body }: Answer): boolean {
  if (status < 400 || status > 499) return false
  return body.includes('"invalid_grant"')
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }

describe('HLD-21 an answer of any content', () => {
  it('to a code brings nobody in, and is a page that says so', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const place = createPlace()
        place.script.onToken = () => responseOf(answer)
        const page = await place.browser().open(`${home}/session/login?returnTo=/open`)
        expect([400, 401, 403, 502, 503]).toContain(page.status)
        expect(page.body).toMatch(/<h1/)
      }),
      { seed, numRuns: 80 },
    )
  })

  it('to a refresh token ends no session that it does not refuse', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.boolean(), async (answer, isTwice) => {
        const place = createPlace({ suite: { application: { idleSeconds: 7200 } } })
        const browser = place.browser()
        await browser.open(`${home}/session/login?returnTo=/open`)
        place.travel(1801)
        place.script.onToken = () => responseOf(answer)
        for (let round = 0; round < (isTwice ? 2 : 1); round += 1) {
          const response = await browser.fetch(`${home}/open`)
          expect(response.status).toBe(200)
          const { state, reason } = (await response.json()) as Record<string, unknown>
          if (refuses(answer)) expect([undefined, 'identity-ended', null]).toContain(reason)
          else expect([state, reason ?? undefined]).toEqual(['active', undefined])
          place.travel(120)
        }
      }),
      { seed, numRuns: 80 },
    )
  })

  it('HLD-08 whose tokens are each short enough, and together too long, ends no session', async () => {
    const place = createPlace({ suite: { application: { idleSeconds: 7200 } } })
    const browser = place.browser()
    const more = { token_type: 'Bearer', expires_in: 3600 }
    place.script.onAuthorize = () => {
      const nonce = place.asked.at(-1)?.get('nonce')
      place.script.onToken = () =>
        Response.json({
          access_token: '"'.repeat(25_000),
          refresh_token: 'r',
          id_token: place.idToken({ nonce }),
          ...more,
        })
    }
    await browser.open(`${home}/session/login?returnTo=/open`)
    expect((await place.state(browser)).state).toBe('active')
    place.travel(1801)
    place.script.onToken = () =>
      Response.json({ access_token: 'x'.repeat(40_000), refresh_token: '"'.repeat(32_768), ...more })
    expect((await place.state(browser)).state).toBe('active')
    expect(place.events.at(-1)).toMatchObject({ type: 'identity.degraded', problem: 'too-large' })
  })

  it('to a token of the shared cookie ends no session that it does not refuse', async () => {
    const several = fc.array(answers, { minLength: 10, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(several, async (given) => {
        const engine = await engines[0][1]()
        expect((await engine.visit()).state).toBe('active')
        engine.travel(dueSeconds)
        for (const answer of given) {
          engine.script.onAnswer = () => responseOf(answer)
          const { state } = await engine.visit()
          // Refused, or come to nothing as good: what follows needs no session.
          if (answer.status >= 400 && answer.status < 500) break
          expect(state).toBe('active')
          engine.travel(50)
        }
      }),
      { seed, numRuns: 4 },
    )
  })

  it('to a revocation leaves the session ended, and the receipt says no more than is so', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const place = createPlace({ description: { revocation_endpoint: `${issuer}/revoke` } })
        const browser = place.browser()
        await browser.open(`${home}/session/login?returnTo=/open`)
        place.script.answers['/revoke'] = () => responseOf(answer)
        const response = await browser.fetch(`${home}/session/logout`, { method: 'POST' })
        expect(response.status).toBeLessThan(500)
        expect((await place.state(browser)).state).toBe('anonymous')
      }),
      { seed, numRuns: 30 },
    )
  })

  it.each(['/.well-known/openid-configuration', '/jwks'])(
    'at %s is an outage, and told as one',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(answers, async (answer) => {
          const place = createPlace()
          place.script.answers[path] = () => responseOf(answer)
          const response = await place
            .browser()
            .fetch(`${home}/session/login?returnTo=/open`, { headers: navigation })
          // Led on by an address or by a page of ours, or told that it cannot be done now.
          expect([200, 302, 503]).toContain(response.status)
          if (response.status === 503) expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
          const back = await place.browser().open(`${home}/session/login?returnTo=/open`)
          expect([302, 400, 401, 502, 503]).toContain(back.status)
        }),
        { seed, numRuns: 30 },
      )
    },
  )
})
