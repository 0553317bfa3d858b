import * as samlify from 'samlify'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadSamlMode } from '../../src/emulator/saml/load.js'
import { resolveSamlOptions } from '../../src/emulator/saml/options.js'
import { createBrowser } from './browser.js'
import { addressesOf, createSamlEmulator, formOf, pathOf, providerKeys } from './saml-world.js'

const { entityId, acsUrl, slo } = addressesOf('benefits')
const { certificate, privateKey } = providerKeys.benefits

// samlify asks for a schema validator; the messages are judged by their signatures here.
beforeAll(() => samlify.setSchemaValidator({ validate: async () => 'skipped' }))

async function createPeers(binding: 'redirect' | 'post') {
  const emulator = await createSamlEmulator({
    wantsSignedRequests: true,
    serviceProviders: [{ entityId, acsUrl, logout: { [binding]: slo }, certificate }],
  })
  const idp = samlify.IdentityProvider({
    metadata: await emulator.saml.metadata(),
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
  })
  const { namespace } = samlify.Constants
  const sp = samlify.ServiceProvider({
    entityID: entityId,
    privateKey,
    signingCert: certificate,
    authnRequestsSigned: true,
    wantAssertionsSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    assertionConsumerService: [{ Binding: namespace.binding.post, Location: acsUrl }],
    singleLogoutService: [{ Binding: namespace.binding[binding], Location: slo }],
  })
  return { emulator, idp, sp, browser: createBrowser(emulator) }
}

type Peers = Awaited<ReturnType<typeof createPeers>>

async function signIn({ emulator, idp, sp, browser }: Peers) {
  await browser.signIn('ana')
  const { context } = sp.createLoginRequest(idp, 'redirect')
  const { fields } = await formOf(await browser.get(pathOf(context)))
  const { extract } = await sp.parseLoginResponse(idp, 'post', { body: fields })
  expect(extract.nameID).toBe(emulator.saml.participants[0]?.nameId.value)
  return extract
}

describe('samlify as a service provider', () => {
  it.each(['redirect', 'post'] as const)('signs on, and signs out by %s', async (binding) => {
    const peers = await createPeers(binding)
    const { emulator, idp, sp, browser } = peers
    const extract = await signIn(peers)
    const user = {
      logoutNameID: extract.nameID ?? '',
      sessionIndex: emulator.saml.participants[0]?.sessionIndex ?? '',
    }
    const request = sp.createLogoutRequest(idp, binding, user) as { context: string; relayState?: string }
    const response =
      binding === 'redirect'
        ? await browser.get(pathOf(request.context))
        : await browser.post(
            '/saml/slo',
            { SAMLRequest: request.context },
            { 'sec-fetch-site': 'cross-site' },
          )
    expect(emulator.saml.refusals).toEqual([])
    expect(emulator.sessions).toEqual([])
    if (binding === 'post') {
      const answer = await sp.parseLogoutResponse(idp, 'post', { body: (await formOf(response)).fields })
      expect(answer.extract.response?.inResponseTo).toMatch(/^_/)
    } else {
      const { searchParams } = new URL(response.headers.get('location') ?? '')
      const query = Object.fromEntries(searchParams)
      const octetString = ['SAMLResponse', 'RelayState', 'SigAlg']
        .flatMap((name) => (query[name] === undefined ? [] : [`${name}=${encodeURIComponent(query[name])}`]))
        .join('&')
      const answer = await sp.parseLogoutResponse(idp, 'redirect', { query, octetString })
      expect(answer.extract.response?.inResponseTo).toMatch(/^_/)
    }
  })

  it('takes a LogoutRequest, and its answer is taken', async () => {
    const peers = await createPeers('post')
    const { emulator, idp, sp, browser } = peers
    const { nameID } = await signIn(peers)
    const { fields } = await formOf(await browser.get('/logout'))
    const { extract } = await sp.parseLogoutRequest(idp, 'post', { body: fields })
    expect(extract.nameID).toBe(nameID)
    const answer = sp.createLogoutResponse(idp, { extract }, 'post', fields.RelayState ?? '') as {
      context: string
    }
    await browser.post(
      '/saml/slo',
      { SAMLResponse: answer.context, RelayState: fields.RelayState ?? '' },
      { 'sec-fetch-site': 'cross-site' },
    )
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'done', problem: undefined }])
  })
})

describe('without its package', () => {
  const saml = resolveSamlOptions({ serviceProviders: [] })
  const context = {} as Parameters<typeof loadSamlMode>[0]
  const load = (error: Error) => loadSamlMode(context, saml, () => Promise.reject(error))

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('says what to install: %s', async (code) => {
    await expect(load(Object.assign(new Error('not found'), { code }))).rejects.toMatchObject({
      code: 'emulator',
      message: expect.stringContaining('npm install --save-dev xml-crypto'),
    })
  })

  it('does not hide another mistake', async () => {
    await expect(load(new SyntaxError('a mistake'))).rejects.toThrow(SyntaxError)
  })
})
