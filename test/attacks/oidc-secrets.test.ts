import { expect, it } from 'vitest'
import { issuer } from '../oidc/signer.js'
import { createPlace, home, type Place } from './oidc-place.js'

/** Runs `work` with everything that is written to the console or as a warning of the process taken down. */
async function overheard(work: () => Promise<void>): Promise<string[]> {
  const heard: string[] = []
  const listen = (warning: Error) => heard.push(`${warning.name} ${warning.message} ${warning.stack}`)
  process.on('warning', listen)
  const streams = [process.stdout, process.stderr] as const
  const writes = streams.map((stream) => stream.write.bind(stream))
  for (const stream of streams) {
    stream.write = ((chunk: unknown) => {
      heard.push(String(chunk))
      return true
    }) as typeof stream.write
  }
  try {
    await work()
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writes[index] ?? stream.write
    process.off('warning', listen)
  }
  return heard
}

/** A word of HTML that looks like the name of a token. */
const withoutSandbox = (text: string) => text.replaceAll('allow-storage-access-by-user-activation', '')

/** What nobody but the provider and the application may read, in this run. */
function secretsOf(place: Place): string[] {
  const verifiers = place.grants.map((form) => form.get('code_verifier') ?? '')
  const codes = place.grants.map((form) => form.get('code') ?? '')
  const refresh = place.grants.map((form) => form.get('refresh_token') ?? '')
  const nonces = place.asked.map((query) => query.get('nonce') ?? '')
  return [
    ...verifiers,
    ...codes,
    ...refresh,
    ...nonces,
    // With how they end: `allow-storage-access-by-…` is a word of a frame's sandbox.
    ...[...'0123456789xy'].map((end) => `access-${end}`),
    'refresh-',
    'the secret of the client',
    'eyJ',
  ]
    .concat('a secret of thirty-two bytes or more', 'a-hint-in-a-claim')
    .filter((text) => text !== '')
}

it.each([
  ['the hint in an address', {}],
  ['the hint in a form', { idTokenHint: 'form' }],
] as const)('shows no secret in any event, page, header or log of whole flows: %s', async (_, oidc) => {
  const places: Place[] = []
  const answers: { readonly url: string; readonly text: string }[] = []
  const heard = await overheard(async () => {
    const place = createPlace({
      oidc,
      suite: { application: { sensitivity: 'public' } },
      description: {
        end_session_endpoint: `${issuer}/end`,
        revocation_endpoint: `${issuer}/revoke`,
        check_session_iframe: `${issuer}/check`,
      },
    })
    places.push(place)
    place.script.sid = 'session-1'
    const browser = place.browser({
      seen: (url, text) => answers.push({ url, text }),
    })
    const signIn = () => browser.open(`${home}/session/login?returnTo=/private`)
    await signIn()
    await browser.open(`${home}/session/check-session`)
    await browser.open(`${home}/session/reauthenticate?begin=frame`, { from: home })
    place.travel(2000)
    await browser.open(`${home}/private`)
    for (const answer of [
      () => Response.json({ error: 'server_error', error_description: 'refresh-x eyJ' }, { status: 500 }),
      () => Response.json({ error: 'invalid_request', error_description: 'code-1' }, { status: 400 }),
      () => new Response('access-x refresh-x eyJ', { status: 200 }),
      () => Response.json({ access_token: 'access-y', token_type: 'Bearer', id_token: 'eyJ.eyJ.x' }),
    ]) {
      place.script.onToken = answer
      await place.browser({ seen: (url, text) => answers.push({ url, text }) }).open(`${home}/session/login`)
      place.travel(2000)
      await browser.open(`${home}/private`)
    }
    place.script.onToken = () => undefined
    await place.backchannel({ sub: 'ana', nonce: 'a-hint-in-a-claim' })
    await browser.post(`${home}/session/logout`, {})
    await place.handle(new Request(`${home}/session/callback?code=code-1&state=${'a'.repeat(32)}`))
  })
  const [place] = places
  if (place === undefined) throw new Error('nothing was run')
  expect(place.grants.length).toBeGreaterThan(6)
  const texts = [JSON.stringify(place.events), ...heard]
  for (const secret of secretsOf(place)) {
    for (const text of texts) expect(text, `${secret} in an event or a log`).not.toContain(secret)
    for (const { url, text } of answers) {
      // The protocol sends the nonce to the provider, and the hint where the logout needs one.
      const isForProvider = text.includes(`${issuer}/authorize`) || text.includes(`${issuer}/end`)
      if (!isForProvider) {
        expect(withoutSandbox(text), `${secret} in the answer of ${url}`).not.toContain(secret)
      }
    }
  }
  for (const { text } of answers.filter(({ text: answer }) => answer.includes(`${issuer}/authorize`))) {
    expect(text).not.toMatch(/access-[\dxy]|refresh-\d|the secret of/)
    expect(text).toMatch(/referrer-policy/i)
  }
})
