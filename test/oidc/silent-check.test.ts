/** @module The decision table of the silent check, row by row. */
import { expect, it } from 'vitest'
import { type CheckAnswer, decideCheck } from '../../src/oidc/silent-check.js'

const current = { issuer: 'https://id.example.gov', subject: 'ana' }
const error = (code: string): CheckAnswer => ({ kind: 'error', error: code })
const same: CheckAnswer = { kind: 'identity', ...current }
const other: CheckAnswer = { kind: 'identity', issuer: current.issuer, subject: 'ben' }
const elsewhere: CheckAnswer = { kind: 'identity', issuer: 'https://other.example', subject: 'ana' }
const timeout: CheckAnswer = { kind: 'timeout' }
const invalid: CheckAnswer = { kind: 'invalid' }

it.each([
  ['SES-09 the same person', same, 'renew', 'renew', 'renew', 'renew'],
  ['SES-10 another person', other, ...Array(4).fill('identity-changed')],
  ['the same name at another issuer', elsewhere, ...Array(4).fill('identity-changed')],
  [
    'SES-11 SES-13 SES-14 login_required',
    error('login_required'),
    'ask-without-hint',
    'ask-without-hint',
    'confirm-at-top',
    'identity-ended',
  ],
  ['SES-13 interaction_required', error('interaction_required'), ...Array(4).fill('keep-until-login')],
  ['SES-13 consent_required', error('consent_required'), ...Array(4).fill('keep-until-login')],
  [
    'SES-13 account_selection_required',
    error('account_selection_required'),
    ...Array(4).fill('keep-until-login'),
  ],
  ['SES-13 server_error', error('server_error'), ...Array(4).fill('back-off')],
  ['SES-13 temporarily_unavailable', error('temporarily_unavailable'), ...Array(4).fill('back-off')],
  ['SES-13 no answer in time', timeout, ...Array(4).fill('back-off')],
  ['SES-19 an answer that does not hold', invalid, ...Array(4).fill('stop')],
  ['invalid_request', error('invalid_request'), ...Array(4).fill('stop')],
  ['access_denied', error('access_denied'), ...Array(4).fill('stop')],
  ['an error that nobody knows', error('unknown'), ...Array(4).fill('stop')],
] as const)('%s', (_, answer, frameHint, topHint, frameBare, topBare) => {
  expect(decideCheck(answer, { place: 'frame', withHint: true, current })).toBe(frameHint)
  expect(decideCheck(answer, { place: 'top', withHint: true, current })).toBe(topHint)
  expect(decideCheck(answer, { place: 'frame', withHint: false, current })).toBe(frameBare)
  expect(decideCheck(answer, { place: 'top', withHint: false, current })).toBe(topBare)
})
