/** @module What every service provider that is a peer must be able to do with the emulator as its identity provider, over HTTP. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { SamlOptions } from '../../../src/emulator/index.js'
import {
  createEmulator,
  type Emulator,
  type SamlServiceProviderMetadata,
} from '../../../src/emulator/index.js'
import type { ProgramKind } from '../../programs.mjs'
import type { Browser, Visit } from '../../support/browser.js'
import { freePort } from '../../support/free-port.js'
import { browserFor, changed, follow, messageOf, type Peer, startPeer } from './peer.js'

export interface ApplicationPeer {
  readonly kind: ProgramKind
  readonly file: string
  /** Bindings by which it asks for a logout. */
  readonly asksBy: readonly ('redirect' | 'post' | 'soap')[]
  /** Bindings by which it takes a logout. */
  readonly takes: readonly ('redirect' | 'post' | 'soap')[]
  /** Where else than on the assertion alone it takes the signature. */
  readonly reads: readonly ('response' | 'both')[]
  readonly opens: readonly ('aes256-gcm' | 'aes256-cbc')[]
  /** How it refuses what was changed. */
  readonly refusal: RegExp
}

/** What a peer has read and verified. */
interface State {
  readonly seen: readonly Readonly<Record<string, unknown>>[]
  readonly people: readonly string[]
}

const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'

export function describeApplication(peer: ApplicationPeer): void {
  let sp: Peer
  let emulator: Emulator
  let port: number
  beforeAll(async () => {
    port = await freePort()
    sp = await startPeer(peer.kind, peer.file, `http://localhost:${port}/saml/metadata`)
    await create()
  })
  afterAll(async () => {
    await emulator?.close()
    await sp?.close()
  })
  let isPlain = true
  beforeEach(async () => {
    if (isPlain) emulator.reset()
    else await create()
  })

  /** Makes the provider anew, on the same port: the peer reads its metadata at each message. */
  async function create(
    options: Partial<SamlOptions> = {},
    choices: Partial<SamlServiceProviderMetadata> = {},
  ): Promise<void> {
    isPlain = Object.keys({ ...options, ...choices }).length === 0
    await emulator?.close()
    emulator = await createEmulator({
      url: `http://localhost:${port}`,
      port,
      domain: false,
      saml: {
        wantsSignedRequests: true,
        serviceProviders: [{ ...choices, metadataUrl: `${sp.url}/metadata` }],
        ...options,
      },
    })
  }
  const browser = () => browserFor(sp, { url: `http://localhost:${port}`, port })
  const state = async () => (await sp.ask('/state')) as State

  /** The page whose form carries the Response. */
  async function answerFor(of: Browser, binding = 'redirect'): Promise<Visit> {
    const asked = await follow(of, await of.open(`${sp.url}/login?binding=${binding}`))
    return of.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
  }
  async function signIn(of: Browser, binding = 'redirect'): Promise<Readonly<Record<string, unknown>>> {
    const done = await follow(of, await answerFor(of, binding))
    expect([done.status, emulator.saml.refusals, done.body]).toMatchObject([
      200,
      [],
      expect.stringMatching('^{'),
    ])
    return JSON.parse(done.body)
  }
  const participant = () => emulator.saml.participants[0]

  it.each(['redirect', 'post'])(
    'signs in by %s: each verifies what the other has signed',
    async (binding) => {
      const person = await signIn(browser(), binding)
      expect(person).toMatchObject({
        name: participant()?.nameId.value,
        index: participant()?.sessionIndex,
        RelayState: 'peer-state',
      })
      expect(JSON.stringify(person.attributes)).toContain('Ana Archer')
    },
  )

  it.each(peer.asksBy)('signs out by %s, and takes the answer', async (binding) => {
    const of = browser()
    await signIn(of)
    const done = await follow(of, await of.open(`${sp.url}/logout?binding=${binding}`))
    expect([emulator.saml.refusals, emulator.sessions, done.status]).toEqual([[], [], 200])
    expect(JSON.parse(done.body)).toMatchObject({ status: success })
  })

  it.each(peer.takes)('takes a logout by %s, and its answer is taken', async (binding) => {
    const of = browser()
    await signIn(of)
    const { nameId, sessionIndex } = participant() ?? {}
    const serviceProvider = `${sp.url}/metadata`
    const message = await emulator.saml.logoutRequest({ serviceProvider, binding })
    if (binding === 'redirect') await follow(of, await of.open(message.url))
    else if (binding === 'post')
      await follow(of, await of.post(message.url, message.fields, { from: emulator.url }))
    else await emulator.saml.logout({ username: 'ana' })
    expect((await state()).seen.at(-1)).toMatchObject({
      message: 'LogoutRequest',
      name: nameId?.value,
      indexes: [sessionIndex],
    })
    expect(emulator.saml.deliveries.at(-1)).toMatchObject({ state: 'done', problem: undefined })
  })

  it('refuses a Response and a LogoutRequest of the emulator that were changed', async () => {
    const of = browser()
    const page = await answerFor(of)
    const renamed = changed(page, 'SAMLResponse', (xml) => xml.replaceAll('Ana Archer', 'Eve'))
    expect(await follow(of, renamed)).toMatchObject({
      status: 403,
      body: expect.stringMatching(peer.refusal),
    })
    await signIn(browser())
    const message = await emulator.saml.logoutRequest({ serviceProvider: `${sp.url}/metadata` })
    const url = message.url.replace('&SigAlg=', '&RelayState=another&SigAlg=')
    expect(await of.open(url)).toMatchObject({ status: 403, body: expect.stringMatching(peer.refusal) })
  })

  it.each(peer.reads)('signs in where the emulator signs: %s', async (signs) => {
    await create({ signs })
    await signIn(browser())
  })

  it.each(peer.opens)('opens an assertion encrypted by %s', async (encrypt) => {
    await create({ signs: 'both' }, { encrypt })
    const of = browser()
    const page = await answerFor(of)
    expect(messageOf(page, 'SAMLResponse')).toContain('EncryptedAssertion')
    const done = await follow(of, page)
    expect([done.status, JSON.parse(done.body)]).toMatchObject([200, { name: participant()?.nameId.value }])
  })
}
