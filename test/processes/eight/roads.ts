/** @module The one click: at any of the eight applications, at the provider, or an administrator's. */
import { expect } from 'vitest'
import type { Receipt } from '../../../src/receipt.js'
import { script } from '../../gate/gate-world.js'
import { type SignedIn, sendForms } from './signed-in.js'
import { type Application, applications, backendPages, gated, type World } from './world.js'

/** What a click has led to. Times by `performance.now()`. */
export interface Clicked {
  /** When whoever clicked was told that it is done. */
  readonly answeredAt: number
  /** What an application has said at first, and at the end of the way through the provider. */
  readonly receipt?: Receipt | undefined
  /** The last page of the way. */
  readonly page?: string | undefined
  /** How many sessions an administrator has been told that ended. */
  readonly ended?: number | undefined
}

/** A way to end everything. */
export interface Road {
  readonly name: string
  /** The application that it begins at. */
  readonly application?: Application | undefined
  click(world: World, signedIn: SignedIn): Promise<Clicked>
}

/** A page's own button: a script asks, and leads the browser on to the provider. */
async function clickAt(world: World, { browser }: SignedIn, application: Application): Promise<Clicked> {
  const origin = world.urlOf(application)
  const answer = await browser.fetch(`${origin}/session/logout`, { method: 'POST', headers: script })
  const receipt = (await answer.json()) as Receipt
  const answeredAt = performance.now()
  expect([answer.status, typeof receipt.continueAt]).toEqual([200, 'string'])
  const visit = await browser.open(receipt.continueAt ?? '', { from: origin })
  const last = await sendForms(browser, visit)
  expect([new URL(last.url).origin, last.status]).toEqual([origin, 200])
  return { answeredAt, receipt, page: last.body }
}

async function clickAtProvider(world: World, { browser }: SignedIn): Promise<Clicked> {
  const last = await sendForms(browser, await browser.open(`${world.providerUrl}/logout`))
  const answeredAt = performance.now()
  expect([last.status, new URL(last.url).origin]).toEqual([200, world.providerUrl])
  return { answeredAt, page: last.body }
}

/** An administrator ends everything of a person at one of the applications, then their session at the provider. */
async function clickOfAdministrator(world: World, { person }: SignedIn): Promise<Clicked> {
  const instance = world.instances[Number(person.slice(1)) % world.instances.length]
  if (instance === undefined) throw new Error('no instance')
  const { child, application } = instance
  const said = await child.ask({ of: application.name, endAllOf: person }, 'ended')
  const answeredAt = performance.now()
  const { ended, acknowledged } = said as { readonly ended: number; readonly acknowledged: boolean }
  expect(acknowledged).toBe(true)
  await world.provider.ask({ revoke: person }, 'revoked')
  return { answeredAt, ended }
}

/** All of them, each application once. */
export const roads: readonly Road[] = [
  ...applications.map((application) => ({
    name: `${application.name} (${application.kind})`,
    application,
    click: (world: World, signedIn: SignedIn) => clickAt(world, signedIn, application),
  })),
  // A page behind the gate lies on the origin of the application that has the gate: its button is that one's route.
  ...Object.keys(backendPages).map((name) => ({
    name: `${name} (behind the gate)`,
    application: gated,
    click: (world: World, signedIn: SignedIn) => clickAt(world, signedIn, gated),
  })),
  { name: 'provider', click: clickAtProvider },
  { name: 'administrator', click: clickOfAdministrator },
]
