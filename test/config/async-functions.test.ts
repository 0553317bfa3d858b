/** @module Functions of the application that are asked while nothing can be waited for, written as `async`. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { trustedLevel } from '../../src/config/assurance-level.js'
import { demandClaims } from '../../src/index.js'
import { readDownstream } from '../../src/oidc/downstream.js'
import { onlyTrue } from '../../src/only-true.js'
import { createPlural, home } from '../protocol-sessions/plural.js'
import { TestExchange } from '../support/exchange.js'

const failing = (async () => {
  throw new Error('no answer')
}) as never as () => never

const unhandled = vi.fn()
beforeEach(() => process.on('unhandledRejection', unhandled))
afterEach(() => {
  process.off('unhandledRejection', unhandled)
  unhandled.mockClear()
})

const exchange = () => new TestExchange(new Request(`${home}/`))

it.each([
  ['routes.touch', () => onlyTrue('routes.touch', failing, () => undefined)(exchange()), false],
  ['requireClaims', () => demandClaims(failing)({}), false],
  ['assuranceLevel', () => trustedLevel(failing)({ iss: '', sub: '', exp: 0, iat: 0 }), 0],
  ['frontchannelLogout.downstream', () => readDownstream(failing()).isWhole, false],
])('%s opens nothing by a promise, and ends no process by one that fails', async (_name, ask, closed) => {
  expect(ask()).toBe(closed)
  await new Promise(setImmediate)
  expect(unhandled).not.toHaveBeenCalled()
})

it('claims of saml() make none by a promise, which is told, and end no process by one that fails', async () => {
  const place = await createPlural({ saml: { protocol: 'saml', saml: { claims: failing } } })
  const browser = place.browser()
  await place.signIn(browser, 'saml')
  expect(await place.who(browser)).toMatchObject({ state: 'active' })
  expect(place.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'saml-claims' }))
  await new Promise(setImmediate)
  expect(unhandled).not.toHaveBeenCalled()
})
