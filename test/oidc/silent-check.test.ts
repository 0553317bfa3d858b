/** @module The decision table of the silent check, row by row. */
import { expect, it } from 'vitest'
import { type CheckAnswer, type CheckStep, decideCheck } from '../../src/oidc/silent-check/decision.js'

const current = { issuer: 'https://id.example.gov', subject: 'ana' }
const error = (code: string): CheckAnswer => ({ kind: 'error', error: code })
const same: CheckAnswer = { kind: 'identity', ...current }
const other: CheckAnswer = { kind: 'identity', issuer: current.issuer, subject: 'ben' }
const elsewhere: CheckAnswer = { kind: 'identity', issuer: 'https://other.example', subject: 'ana' }
const timeout: CheckAnswer = { kind: 'timeout' }
const invalid: CheckAnswer = { kind: 'invalid' }

type Row = readonly [string, CheckAnswer, CheckStep, CheckStep, CheckStep, CheckStep]
const always = (title: string, answer: CheckAnswer, step: CheckStep): Row => [
  title,
  answer,
  step,
  step,
  step,
  step,
]
const rows: readonly Row[] = [
  ['SES-09 the same person', same, 'renew', 'renew', 'renew', 'renew'],
  always('SES-10 another person', other, 'identity-changed'),
  always('the same name at another issuer', elsewhere, 'identity-changed'),
  [
    'SES-11 SES-13 SES-14 login_required',
    error('login_required'),
    'ask-without-hint',
    'ask-without-hint',
    'confirm-at-top',
    'identity-ended',
  ],
  always('SES-13 interaction_required', error('interaction_required'), 'keep-until-login'),
  always('SES-13 consent_required', error('consent_required'), 'keep-until-login'),
  always('SES-13 account_selection_required', error('account_selection_required'), 'keep-until-login'),
  always('SES-13 server_error', error('server_error'), 'back-off'),
  always('SES-13 temporarily_unavailable', error('temporarily_unavailable'), 'back-off'),
  always('SES-13 no answer in time', timeout, 'back-off'),
  always('SES-19 an answer that does not hold', invalid, 'stop'),
  always('invalid_request', error('invalid_request'), 'stop'),
  always('access_denied', error('access_denied'), 'stop'),
  always('an error that nobody knows', error('unknown'), 'stop'),
]

it('SES-13 takes consent_required for somebody else where the provider knows the hint’s person no more', () => {
  const refused = { current, isHintRefused: true } as const
  const consent = error('consent_required')
  expect(decideCheck(consent, { ...refused, place: 'top', withHint: false })).toBe('identity-changed')
  expect(decideCheck(consent, { ...refused, place: 'frame', withHint: false })).toBe('confirm-at-top')
  expect(decideCheck(consent, { ...refused, place: 'top', withHint: true })).toBe('keep-until-login')
  for (const code of ['interaction_required', 'account_selection_required']) {
    expect(decideCheck(error(code), { ...refused, place: 'top', withHint: false })).toBe('keep-until-login')
  }
})

it.each(rows)('%s', (_, answer, frameHint, topHint, frameBare, topBare) => {
  expect(decideCheck(answer, { place: 'frame', withHint: true, current })).toBe(frameHint)
  expect(decideCheck(answer, { place: 'top', withHint: true, current })).toBe(topHint)
  expect(decideCheck(answer, { place: 'frame', withHint: false, current })).toBe(frameBare)
  expect(decideCheck(answer, { place: 'top', withHint: false, current })).toBe(topBare)
})
