/** @module Messages of SAML of any content, from fixed seeds: answered with less than 500, and nobody in or out by them. */
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSamlWorld, urlOf } from '../saml/world.js'
import { anyText } from '../support/any-text.js'
import type { Site } from '../support/browser.js'

const seed = 20_261_131
const url = urlOf('benefits')

const names = fc.constantFrom(
  'samlp:Response',
  'samlp:LogoutRequest',
  'samlp:LogoutResponse',
  'saml:Assertion',
  'saml:Issuer',
  'saml:NameID',
  'samlp:SessionIndex',
  'samlp:Status',
  'ds:Signature',
  'xenc:EncryptedData',
  'é',
)
const text = fc.oneof(
  anyText(30),
  fc.constantFrom(
    '',
    '_id',
    'https://id.citizen.example/saml/metadata',
    '2026-01-15T12:00:00Z',
    '&#0;',
    '&x;',
    ']]>',
  ),
)
const spaces =
  'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ' +
  'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"'
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      names,
      fc.array(
        fc.tuple(fc.constantFrom('ID', 'InResponseTo', 'Version', 'Destination', 'IssueInstant', 'x'), text),
        {
          maxLength: 4,
        },
      ),
      fc.oneof(
        { maxDepth: 3 },
        text,
        fc.array(tie('element'), { maxLength: 3 }).map((all) => all.join('')),
      ),
    )
    .map(([name, attributes, content]) => {
      const given = attributes.map(([key, value]) => ` ${key}="${value.replaceAll('"', '')}"`).join('')
      return `<${name} ${spaces}${given}>${content}</${name}>`
    }),
}))
const documents = fc.oneof(
  { weight: 4, arbitrary: element },
  text,
  fc.constantFrom(
    '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    '<x',
    '<?xml version="1.1"?><x/>',
    '<x/>'.repeat(9),
  ),
)
const encoded = fc.oneof(
  { weight: 4, arbitrary: documents.map((xml) => Buffer.from(xml).toString('base64')) },
  { weight: 2, arbitrary: documents.map((xml) => deflateRawSync(xml).toString('base64')) },
  fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString('base64')),
  fc.constant(deflateRawSync(Buffer.alloc(2_000_000, 0x20)).toString('base64')),
  text,
)
const parameters = fc
  .record(
    {
      SAMLResponse: encoded,
      SAMLRequest: encoded,
      RelayState: text,
      SigAlg: fc.oneof(text, fc.constant('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256')),
      Signature: encoded,
    },
    { requiredKeys: [] },
  )
  .map((given) => new URLSearchParams(given as Record<string, string>).toString())

describe('HLD-21 a SAML message of any content', () => {
  it('is answered with less than 500, and signs nobody in or out', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    const { handle } = world.party('benefits')
    const requests = fc.record({
      route: fc.constantFrom('acs', 'slo'),
      isPost: fc.boolean(),
      isWithCookie: fc.boolean(),
      query: parameters,
      isPage: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(requests, async ({ route, isPost, isWithCookie, query, isPage }) => {
        const address = `${url}/session/saml/${route}`
        const given = {
          ...(isWithCookie ? { cookie } : {}),
          ...(isPage ? { accept: 'text/html', 'sec-fetch-mode': 'navigate' } : {}),
        }
        const response = isPost
          ? await handle(
              new Request(address, { method: 'POST', headers: given, body: new URLSearchParams(query) }),
            )
          : await handle(new Request(`${address}?${query}`, { headers: given }))
        expect(response.status).toBeLessThan(500)
        for (const line of response.headers.getSetCookie()) expect(line).not.toMatch(/\.sid=[^;]/)
      }),
      { seed, numRuns: 200 },
    )
    expect((await world.who(browser, 'benefits')).state).toBe('active')
  })

  it('in the place of the metadata is an outage, and told as one', async () => {
    const bodies = fc.oneof(documents, fc.constant('x'.repeat(3_000_000)))
    const world = await createSamlWorld()
    const provider = world.sites.get(world.emulator.url) as Site
    await fc.assert(
      fc.asyncProperty(bodies, fc.constantFrom(200, 204, 302, 404, 500), async (body, status) => {
        world.sites.set(world.emulator.url, async (request) =>
          request.url === world.emulator.saml.metadataUrl
            ? new Response(status === 204 ? null : body, { status })
            : provider(request),
        )
        const { handle } = world.instance('benefits')
        const headers = {
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-site': 'none',
        }
        const response = await handle(new Request(`${url}/session/login`, { headers }))
        expect(response.status).toBe(503)
        expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
      }),
      { seed, numRuns: 25 },
    )
  })
})
