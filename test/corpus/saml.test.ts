/**
 * @module Documents in the shape that real SAML providers write: metadata, a response, a logout request, a logout response,
 * each with what must come of it. Written for this project; each file names the public pages.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { type CitizenEvent, createSuite, memoryStore } from '../../src/index.js'
import { isSecureAddress } from '../../src/outbound.js'
import { encodeRedirect } from '../../src/saml/encoding.js'
import { readMetadata } from '../../src/saml/metadata.js'
import { signRedirect } from '../../src/saml/redirect-signature.js'
import { type SamlOptions, saml } from '../../src/saml/saml.js'
import { encrypted, instant, now, own, provider, signed } from '../saml/provider.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'

interface Name {
  readonly value: string
  readonly format?: string
  readonly nameQualifier?: string
  /** `$sp`: our entity ID. */
  readonly spNameQualifier?: string
}

interface Shape {
  readonly provider: string
  readonly pages: readonly string[]
  /** The provider's name where the document describes others too. */
  readonly entityId?: string
  /** Lines; `$certificate` stands for a certificate. */
  readonly metadata: readonly string[]
  readonly options: Partial<SamlOptions>
  readonly prefixes: { readonly protocol: string; readonly assertion: string }
  readonly signs: 'assertion' | 'response' | 'both'
  readonly encrypts?: boolean
  readonly nameId: Name
  readonly sessionIndex: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
  readonly logoutRequest?: { readonly nameId: Name }
  readonly logoutResponse?: { readonly isSigned: boolean; readonly status: readonly string[] }
  readonly expected: {
    readonly signOn: readonly string[]
    readonly logout: readonly string[]
    readonly refusedLogout?: number
    readonly cacheSeconds?: number
    /** How the provider's request is answered. */
    readonly status?: readonly string[]
    /** State and reason of the leg that is the provider's, after a sign-out here. */
    readonly receipt: string
  }
}

const folder = new URL('saml/', import.meta.url)
const shapes = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Shape] as const)

it('FLD-03 the page of providers says of each what its receipt was here', () => {
  const page = readFileSync(new URL('../../docs/saml-providers.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (.*) \| tried \| .* \| (.*) \|$/gm)]
  const compared = shapes.flatMap(([, { provider, expected }]) => {
    const said = rows.find(([, names = '']) => names.split(', ').some((name) => provider.includes(name)))?.[2]
    return said === undefined ? [] : [[provider, said, expected.receipt.split(' ')] as const]
  })
  // An aggregate is no provider.
  expect(compared.length).toBe(shapes.length - 1)
  for (const [provider, said, was] of compared)
    for (const word of was) expect(said, provider).toContain(`\`${word}\``)
})

const home = 'https://benefits.example'
const ourName = `${home}/session/saml/metadata`
const namespaces = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
}
const statusUri = (word: string) => `urn:oasis:names:tc:SAML:2.0:status:${word}`

/** Elements with the prefixes that the provider writes; the default namespace where it writes none. */
function writerOf({ prefixes }: Shape) {
  return (kind: 'protocol' | 'assertion', name: string, attributes: string, content: string): string => {
    const prefix = prefixes[kind]
    const tag = prefix === '' ? name : `${prefix}:${name}`
    const declaration =
      prefix === '' ? `xmlns="${namespaces[kind]}"` : `xmlns:${prefix}="${namespaces[kind]}"`
    return `<${tag} ${declaration}${attributes}>${content}</${tag}>`
  }
}

function messagesOf(shape: Shape, entityId: string) {
  const write = writerOf(shape)
  const attribute = (name: string, value: string | undefined) =>
    value === undefined ? '' : ` ${name}="${value.replace('$sp', ourName)}"`
  const nameId = ({ value, format, nameQualifier, spNameQualifier }: Name) =>
    write(
      'assertion',
      'NameID',
      attribute('Format', format) +
        attribute('NameQualifier', nameQualifier) +
        attribute('SPNameQualifier', spNameQualifier),
      value,
    )
  const head = (id: string, more = '') => ` ID="${id}" Version="2.0" IssueInstant="${instant()}"${more}`
  const issuer = write('assertion', 'Issuer', '', entityId)
  const status = ([code = '', subcode]: readonly string[]) => {
    const second =
      subcode === undefined ? '' : write('protocol', 'StatusCode', ` Value="${statusUri(subcode)}"`, '')
    return write(
      'protocol',
      'Status',
      '',
      write('protocol', 'StatusCode', ` Value="${statusUri(code)}"`, second),
    )
  }

  return {
    response(request: string): string {
      const acs = `${home}/session/saml/acs`
      const data = write(
        'assertion',
        'SubjectConfirmationData',
        ` InResponseTo="${request}" NotOnOrAfter="${instant(300)}" Recipient="${acs}"`,
        '',
      )
      const method = ' Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"'
      const confirmation = write('assertion', 'SubjectConfirmation', method, data)
      const audience = write(
        'assertion',
        'AudienceRestriction',
        '',
        write('assertion', 'Audience', '', ourName),
      )
      const limits = ` NotBefore="${instant(-5)}" NotOnOrAfter="${instant(300)}"`
      const context = write(
        'assertion',
        'AuthnContextClassRef',
        '',
        'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      )
      const attributes = Object.entries(shape.attributes).map(([name, values]) =>
        write(
          'assertion',
          'Attribute',
          ` Name="${name}"`,
          values.map((value) => write('assertion', 'AttributeValue', '', value)).join(''),
        ),
      )
      const plain = write(
        'assertion',
        'Assertion',
        head('_assertion1'),
        [
          issuer,
          write('assertion', 'Subject', '', nameId(shape.nameId) + confirmation),
          write('assertion', 'Conditions', limits, audience),
          write(
            'assertion',
            'AuthnStatement',
            ` AuthnInstant="${instant(-2)}" SessionIndex="${shape.sessionIndex}"`,
            write('assertion', 'AuthnContext', '', context),
          ),
          write('assertion', 'AttributeStatement', '', attributes.join('')),
        ].join(''),
      )
      const vouched = shape.signs === 'response' ? plain : signed(plain)
      const inner = shape.encrypts === true ? encrypted('EncryptedAssertion', vouched) : vouched
      const more = ` Destination="${acs}" InResponseTo="${request}"`
      const whole = write(
        'protocol',
        'Response',
        head('_response1', more),
        issuer + status(['Success']) + inner,
      )
      return shape.signs === 'assertion' ? whole : signed(whole, { element: 'Response' })
    },
    logoutRequest: (name: Name) =>
      write(
        'protocol',
        'LogoutRequest',
        head('_logout1', ` Destination="${home}/session/saml/slo"`),
        issuer + nameId(name) + write('protocol', 'SessionIndex', '', shape.sessionIndex),
      ),
    logoutResponse: (request: string, codes: readonly string[]) =>
      write(
        'protocol',
        'LogoutResponse',
        head('_answer1', ` Destination="${home}/session/saml/slo" InResponseTo="${request}"`),
        issuer + status(codes),
      ),
  }
}

/** An application and a browser that is signed in at it by the provider's response. */
async function signIn(shape: Shape) {
  const metadata = shape.metadata.join('\n').replaceAll('$certificate', provider.certificate.base64)
  const [, signOn = ''] = /SingleSignOnService [^>]*Location="([^"]*)"/.exec(metadata) ?? []
  const origin = new URL(shape.entityId ?? signOn).origin
  const entityId = shape.entityId ?? /\bentityID="([^"]*)"/.exec(metadata)?.[1] ?? ''
  const events: CitizenEvent[] = []
  const attributes: Record<string, readonly string[]>[] = []
  const site: Site = async (request) =>
    new Response(new URL(request.url).pathname === '/corpus' ? metadata : 'the provider')
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: ['a secret that is thirty-two bytes or more'] },
      protocols: [
        saml({
          identityProvider: entityId,
          metadataUrl: `${origin}/corpus`,
          privateKey: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          certificate: own.pem,
          claims: (assertion) => {
            attributes.push(Object.fromEntries(assertion.attributes))
            return {}
          },
          ...shape.options,
        }),
      ],
      store: memoryStore({ clock: () => now }),
      clock: () => now,
      onEvent: (event) => events.push(event),
      fetch: async (input, init) => site(new Request(input, init)),
    },
    {},
  )
  const sites = new Map<string, Site>([
    [origin, site],
    [home, (request) => serve(suite, request)],
  ])
  const browser = createBrowser(sites)
  const messages = messagesOf(shape, entityId)
  const asked = messageIn(await browser.open(`${home}/session/login?returnTo=/private`), 'SAMLRequest')
  const form = {
    SAMLResponse: Buffer.from(messages.response(asked.id)).toString('base64'),
    RelayState: asked.relayState,
  }
  await follow(browser, await browser.post(`${home}/session/saml/acs`, form, { from: origin }))
  const state = async () => (await shown(browser.fetch(`${home}/open`))).state
  return { metadata, entityId, origin, events, attributes, sites, browser, messages, state }
}

async function follow(browser: Browser, visit: Visit): Promise<Visit> {
  return /\bsubmit\b/.test(visit.body) ? follow(browser, await browser.press(visit, /./)) : visit
}

/** A message of ours on its way, by redirect or in a form. */
function messageIn({ path, body }: Visit, kind: 'SAMLRequest' | 'SAMLResponse') {
  const address = path.findLast((url) => url.includes(`${kind}=`))
  const fields = new Map(
    [...body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  const query = new URL(address ?? 'https://none.example/').searchParams
  const packed = Buffer.from((address === undefined ? fields.get(kind) : query.get(kind)) ?? '', 'base64')
  const xml = (address === undefined ? packed : inflateRawSync(packed)).toString()
  return {
    xml,
    id: / ID="([^"]*)"/.exec(xml)?.[1] ?? '',
    relayState: (address === undefined ? fields.get('RelayState') : query.get('RelayState')) ?? '',
  }
}

it.each(shapes)('FLD-03 the metadata of %s is read', (_, shape) => {
  expect(shape.pages.length).toBeGreaterThan(0)
  const metadata = shape.metadata.join('\n').replaceAll('$certificate', provider.certificate.base64)
  const [, signOn = ''] = /SingleSignOnService [^>]*Location="([^"]*)"/.exec(metadata) ?? []
  const { origin } = new URL(shape.entityId ?? signOn)
  const found = readMetadata(metadata, {
    entityId: shape.entityId,
    pinned: [],
    now,
    isAllowed: (url) => isSecureAddress(url) && new URL(url).origin === origin,
  })
  const { signOn: wanted, logout, refusedLogout = 0, cacheSeconds } = shape.expected
  expect(found.signOn.map(({ binding }) => binding)).toEqual(wanted)
  expect(found.logout.map(({ binding }) => binding)).toEqual(logout)
  expect(found.refusedLogout).toHaveLength(refusedLogout)
  if (cacheSeconds !== undefined) expect(found.cacheSeconds).toBe(cacheSeconds)
})

it.each(shapes)('FLD-03 FLD-04 a login and the provider’s own logout by %s', async (_, shape) => {
  const { entityId, browser, sites, messages, attributes, events, state } = await signIn(shape)
  expect(events.filter(({ type }) => type === 'token.rejected')).toEqual([])
  expect(await state()).toBe('active')
  expect(attributes).toEqual([shape.attributes])
  if (shape.logoutRequest === undefined) return
  const xml = messages.logoutRequest(shape.logoutRequest.nameId)
  const query = signRedirect({ kind: 'SAMLRequest', xml, relayState: 'theirs', key: provider.privateKey })
  const visit = await createBrowser(sites).open(`${home}/session/saml/slo?${query}`, { from: entityId })
  const codes = [...messageIn(visit, 'SAMLResponse').xml.matchAll(/status:(\w+)"/g)].map(([, code]) => code)
  expect(codes).toEqual(shape.expected.status)
  expect(await shown(browser.fetch(`${home}/open`))).toMatchObject({
    state: 'anonymous',
    reason: 'identity-ended',
  })
})

it.each(shapes)('FLD-06 a sign-out here, answered by %s', async (_, shape) => {
  const { browser, origin, messages, events, state } = await signIn(shape)
  const sent = await browser.post(`${home}/session/logout`)
  expect(await state()).toBe('anonymous')
  if (shape.logoutResponse !== undefined) {
    const { isSigned, status } = shape.logoutResponse
    const { id, relayState } = messageIn(sent, 'SAMLRequest')
    const xml = messages.logoutResponse(id, status)
    const query = isSigned
      ? signRedirect({ kind: 'SAMLResponse', xml, relayState, key: provider.privateKey })
      : new URLSearchParams({ SAMLResponse: encodeRedirect(xml), RelayState: relayState })
    const back = await browser.open(`${home}/session/saml/slo?${query}`, { from: origin })
    expect(back.status).toBe(200)
  }
  const leg = events.findLast((event) => event.type === 'logout.leg' && event.leg === 'identity')
  expect(leg).toBeDefined()
  const { state: legState, reason } = leg as { state: string; reason?: string }
  expect(reason === undefined ? legState : `${legState} ${reason}`).toBe(shape.expected.receipt)
})
