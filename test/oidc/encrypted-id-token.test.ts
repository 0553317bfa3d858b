/** @module Encrypted ID tokens as hints: the provider is given the signed token within, for it cannot open ours. */
import { generateKeyPairSync } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createPlace, home, type Place } from '../attacks/oidc-place.js'
import { issuer } from './signer.js'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const header = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' }
const encrypt = (jwt: string) =>
  new CompactEncrypt(Buffer.from(jwt)).setProtectedHeader(header).encrypt(publicKey)
const idTokenDecryptionKeys = [{ ...privateKey.export({ format: 'jwk' }), alg: 'ECDH-ES' }]

/** Somebody whose ID token came encrypted; what is within. */
async function signedIn(): Promise<{ place: Place; browser: ReturnType<Place['browser']>; within: string }> {
  const place = createPlace({
    oidc: { idTokenDecryptionKeys },
    description: { end_session_endpoint: `${issuer}/end`, check_session_iframe: `${issuer}/check` },
  })
  place.script.answers['/end'] = () => new Response('a page of the provider')
  let within = ''
  place.script.onToken = async () => {
    within = place.idToken({ nonce: place.asked.at(-1)?.get('nonce') })
    return Response.json({
      access_token: `access-${place.grants.length}`,
      token_type: 'Bearer',
      expires_in: 3600,
      id_token: await encrypt(within),
    })
  }
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  expect(await place.state(browser)).toMatchObject({ state: 'active', sub: 'ana' })
  return { place, browser, within }
}

describe('an ID token that came encrypted', () => {
  it('is the hint of a sign-out without its wrapping', async () => {
    const { browser, within } = await signedIn()
    const left = await browser.post(`${home}/session/logout`, { scope: 'everywhere' })
    expect(new URL(left.url).searchParams.get('id_token_hint')).toBe(within)
  })

  it('is the hint of a silent check without its wrapping, and says whether it is good still', async () => {
    const { place, browser, within } = await signedIn()
    // With the hint nobody: that hint was refused, so the answer without it is somebody else's.
    place.script.silently = (asked) => (asked.has('id_token_hint') ? 'login_required' : 'consent_required')
    await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, { from: home })
    expect(place.asked.at(1)?.get('id_token_hint')).toBe(within)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
  })
})
