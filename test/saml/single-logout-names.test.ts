/** @module Single logout by what providers send: names that leave out what the assertion said. */
import { describe, expect, it } from 'vitest'
import { digest } from '../../src/digest.js'
import type { SamlNameId } from '../../src/emulator/index.js'
import { memoryStore, type Store } from '../../src/index.js'
import type { Browser } from '../support/browser.js'
import { createSamlWorld, entityOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const email = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

/** The name as the session knows it, changed. */
const change = (world: SamlWorld, more: Partial<SamlNameId>): SamlNameId => {
  const { value = '', ...rest } = world.emulator.saml.participants[0]?.nameId ?? {}
  return Object.fromEntries(
    Object.entries({ value, ...rest, ...more }).filter(([, part]) => part !== undefined),
  ) as unknown as SamlNameId
}
const silent = { format: undefined, nameQualifier: undefined, spNameQualifier: undefined }

async function end(
  world: SamlWorld,
  more: Partial<SamlNameId>,
  { by, isIndexed }: { readonly by?: Browser; readonly isIndexed: boolean },
): Promise<readonly string[] | undefined> {
  const index = world.emulator.saml.participants[0]?.sessionIndex ?? ''
  const message = await world.emulator.saml.logoutRequest({
    serviceProvider: entityOf('benefits'),
    nameId: change(world, more),
    sessionIndexes: isIndexed ? [index] : [],
    binding: 'redirect',
  })
  await (by ?? world.browser()).open(message.url, { from: providerUrl })
  return world.emulator.saml.deliveries.at(-1)?.status
}
const signedIn = async (store?: (clock: () => number) => Store) => {
  const world = await createSamlWorld({ benefits: {} }, store === undefined ? {} : { store })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  return { world, browser, state: async () => (await world.who(browser, 'benefits')).state }
}

describe('FLD-04 a LogoutRequest of the provider', () => {
  const meant: readonly (readonly [string, Partial<SamlNameId>])[] = [
    ['no format', { format: undefined }],
    ['an unspecified format', { format: unspecified }],
    ['no format and no qualifiers, as Entra', silent],
    ['no qualifiers', { nameQualifier: undefined, spNameQualifier: undefined }],
    ['a qualifier that the assertion did not have', { nameQualifier: `${providerUrl}/saml/metadata` }],
  ]
  for (const isIndexed of [true, false]) {
    it.each(meant)(
      `${isIndexed ? 'with' : 'without'} an index ends the session by a name with %s`,
      async (_, more) => {
        const { world, state } = await signedIn()
        expect(await end(world, more, { isIndexed })).toEqual(['Success'])
        expect(await state()).toBe('anonymous')
      },
    )
  }

  it.each([true, false])(
    'ends it in the browser that brings the request, with an index: %s',
    async (isIndexed) => {
      const { world, browser, state } = await signedIn()
      expect(await end(world, silent, { by: browser, isIndexed })).toEqual(['Success'])
      expect(await state()).toBe('anonymous')
    },
  )

  it.each<readonly [string, Partial<SamlNameId>]>([
    ['format', { format: email }],
    ['qualifier', { spNameQualifier: 'https://other.example' }],
    ['value', { value: 'somebody', ...silent }],
  ])('with another %s ends nothing', async (_, more) => {
    const { world, browser, state } = await signedIn()
    expect(await end(world, more, { isIndexed: true })).toEqual(['Requester', 'UnknownPrincipal'])
    expect(await end(world, more, { isIndexed: true, by: browser })).toEqual(['Requester', 'RequestDenied'])
    expect(await state()).toBe('active')
  })

  it.each([true, false])('ends a session that 0.1.0 began, with an index: %s', async (isIndexed) => {
    const entered: (() => void)[] = []
    const { world, state } = await signedIn((clock) => {
      const memory = memoryStore({ clock })
      const point: Store['noteIndexKey'] = (key, ...rest) => {
        entered.push(() => keys.includes(key) && memory.noteIndexKey(key, ...rest))
        return undefined
      }
      return { ...memory, noteIndexKey: point }
    })
    const { nameId, sessionIndex = '' } = world.emulator.saml.participants[0] ?? {}
    const [idp, sp] = [world.emulator.saml.entityId, entityOf('benefits')]
    const whole = [nameId?.value ?? '', persistent, idp, sp]
    const keys = [
      digest('saml-name-id', idp, ...whole),
      digest('saml-session-index', idp, sessionIndex, ...whole),
    ]
    for (const enter of entered) enter()
    expect(await state()).toBe('active')
    expect(await end(world, silent, { isIndexed })).toEqual(['Success'])
    expect(await state()).toBe('anonymous')
  })

  it('FLD-07 counts by a key that nobody announced, right after a fetch', async () => {
    const { world, state } = await signedIn()
    for (let step = 0; step < 3; step += 1) await world.emulator.saml.rollOver()
    expect(await end(world, {}, { isIndexed: true })).toEqual(['Success'])
    expect(await state()).toBe('anonymous')
  })

  it('starts nothing for a login that was under way, whatever the name left out', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    const asked = await browser.open(`${urlOf('benefits')}/session/login?returnTo=/private`)
    const form = await browser.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(await end(world, silent, { isIndexed: true })).toEqual(['Requester', 'UnknownPrincipal'])
    expect(await world.follow(browser, form)).toMatchObject({ status: 401 })
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })
})
