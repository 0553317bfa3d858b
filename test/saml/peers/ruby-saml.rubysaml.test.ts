/** @module ruby-saml as a service provider, and as a reader of what an application of ours writes: it judges by the schemas too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../../src/emulator/index.js'
import type { Visit } from '../../support/browser.js'
import { freePort } from '../../support/free-port.js'
import { describeApplication } from './application-suite.js'
import {
  type Application,
  browserFor,
  follow,
  messageOf,
  type Peer,
  peerKeys,
  startApplication,
  startPeer,
} from './peer.js'

describe('ruby-saml as a service provider', () => {
  describeApplication({
    kind: 'rubysaml',
    file: 'ruby_saml_application.rb',
    asksBy: ['redirect', 'post'],
    takes: ['redirect'],
    // It wants the assertion signed, as it is told.
    reads: ['both'],
    opens: ['aes256-gcm', 'aes256-cbc'],
    refusal: /Invalid Signature|Digest mismatch/,
  })
})

describe('ruby-saml reads, by the schemas and our certificate', () => {
  let app: Application
  let reader: Peer
  let emulator: Emulator
  beforeAll(async () => {
    const port = await freePort()
    app = await startApplication()
    emulator = await createEmulator({
      url: `http://localhost:${port}`,
      port,
      domain: false,
      saml: { serviceProviders: [{ metadataUrl: app.metadataUrl }], wantsSignedRequests: true },
    })
    reader = await startPeer('rubysaml', 'ruby_saml_application.rb', emulator.saml.metadataUrl)
  })
  afterAll(async () => {
    await reader?.close()
    await emulator?.close()
    await app?.close()
  })

  async function signedIn(logoutBinding: 'redirect' | 'post') {
    emulator.reset()
    const { metadataUrl, entityId } = emulator.saml
    app.create({ metadataUrl, identityProvider: entityId, logoutBinding })
    const browser = browserFor(app, { url: emulator.url, port: Number(new URL(emulator.url).port) })
    const page = await follow(browser, await browser.open(`${app.url}/session/login`))
    const typed = { username: 'ana', password: 'ana-password' }
    await follow(browser, await browser.press(page, /^Sign in$/, typed))
    const { nameId, sessionIndex } = emulator.saml.participants[0] ?? {}
    return { browser, name: nameId?.value, index: sessionIndex }
  }

  type Kind = 'SAMLRequest' | 'SAMLResponse'
  interface Message {
    readonly kind: Kind
    readonly query?: string
    readonly message?: string
  }
  /** Our message on the way to the provider: in a query, or in a form that was not sent yet. */
  function sent(visit: Visit, kind: Kind): Message {
    const query = visit.path.find((url) => url.startsWith(`${emulator.url}/saml/slo?${kind}=`))
    if (query !== undefined) return { kind, query: new URL(query).search.slice(1) }
    return { kind, message: Buffer.from(messageOf(visit, kind)).toString('base64') }
  }
  const read = (message: Message, more: object = {}) =>
    reader.ask('/read', {
      ...message,
      ...more,
      certificate: peerKeys.application.certificate,
      issuer: app.metadataUrl,
    })
  /** The same message, with one word of it changed. */
  function bent({ kind, query, message }: Message): Message {
    const other = query?.includes('RelayState=') ? '0&SigAlg=' : '&RelayState=0&SigAlg='
    if (query !== undefined) return { kind, query: query.replace('&SigAlg=', other) }
    const xml = Buffer.from(message ?? '', 'base64').toString()
    const changed = xml.replace(/(NameID[^>]*>|status:)\w/, '$1x')
    expect(changed).not.toBe(xml)
    return { kind, message: Buffer.from(changed).toString('base64') }
  }

  it.each(['redirect', 'post'] as const)('our LogoutRequest by %s', async (binding) => {
    const { browser, name, index } = await signedIn(binding)
    const request = sent(await browser.post(`${app.url}/session/logout`), 'SAMLRequest')
    expect('query' in request).toBe(binding === 'redirect')
    expect(await read(request)).toMatchObject({ name, indexes: [index] })
    await expect(read(bent(request))).rejects.toThrow(/Invalid Signature/)
  })

  it.each(['redirect', 'post'] as const)('our LogoutResponse by %s', async (binding) => {
    const { browser } = await signedIn(binding)
    const asked = await emulator.saml.logoutRequest({ serviceProvider: app.metadataUrl, binding })
    const from = emulator.url
    const visit =
      binding === 'redirect'
        ? await browser.open(asked.url, { from })
        : await browser.post(asked.url, asked.fields, { from })
    const answer = sent(visit, 'SAMLResponse')
    expect('query' in answer).toBe(binding === 'redirect')
    expect(await read(answer, { inResponseTo: asked.id })).toEqual({
      status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
      inResponseTo: asked.id,
    })
    await expect(read(answer, { inResponseTo: '_another' })).rejects.toThrow(/InResponseTo/)
    await expect(read(bent(answer))).rejects.toThrow(/Invalid Signature/)
  })
})
