/** @module Where the login route of an application leads that signs in by a protocol. */

import { parseUrl } from '../../parse-url.js'
import { ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { type ApplicationVisit, explainSilence } from './visits.js'

const { ok, fail, skipped } = createFindings('login')

/** A way in, as the metadata of the provider names it. */
export interface WayIn {
  /** Where visitors are sent. */
  readonly address: string
  /** Parameter that names where they come back to, where there is one, and the path of ours that it must be. */
  readonly back: { readonly parameter: string; readonly path: string } | undefined
}

/** Whether the login route leads to one of the providers that were looked at, and back to this very application. */
export function judgeProtocolLogin(visit: ApplicationVisit, path: string, ways: readonly WayIn[]): Finding {
  const target = `${visit.origin}${path}/login`
  const { login: answer } = visit
  if (answer instanceof ProbeError) {
    return fail('login-route-unreachable', { target, ...explainSilence(answer, target) })
  }
  const location = answer.header('location')
  if (answer.status === 200) {
    return ok('login-route', { target, reason: 'shows a page, from which the way leads on' })
  }
  const led = location === undefined ? undefined : parseUrl(location, target)
  if (![302, 303].includes(answer.status) || led === undefined) {
    return fail('login-route-status', {
      target,
      reason: `the answer to a visitor is ${answer.status}, not a redirect to the provider`,
      remedy: 'look at the page and at the events of the application: can it reach the provider?',
    })
  }
  if (ways.length === 0) {
    return skipped('login-route', {
      target,
      reason: `leads to ${led.origin}${led.pathname}; the provider did not say whether that is right`,
    })
  }
  const there = ways.filter(({ address }) => {
    const wanted = new URL(address)
    return wanted.origin === led.origin && wanted.pathname === led.pathname
  })
  if (there.length === 0) {
    return fail('login-elsewhere', {
      target,
      reason: `leads to ${led.origin}${led.pathname}, the provider names ${ways.map(({ address }) => address).join(' or ')}`,
      remedy: 'give the application and this command the same provider',
    })
  }
  const backs = there.flatMap(({ back }) => back ?? [])
  const named = backs.flatMap(({ parameter }) => led.searchParams.get(parameter) ?? [])[0]
  const isKnown = backs.some(({ path: route }) => named === `${visit.origin}${path}/${route}`)
  if (named !== undefined && !isKnown) {
    return fail('login-return', {
      target,
      reason: `asks the provider to send people back to ${named.split('?')[0] ?? ''}`,
      remedy: `start that application with CITIZEN_APPLICATION_URL=${visit.origin}`,
    })
  }
  const hidden =
    backs.length > 0 && named === undefined
      ? '; where people come back to was pushed, and cannot be seen'
      : ''
  return ok('login-route', { target, reason: `leads to ${led.origin}${led.pathname}${hidden}` })
}
