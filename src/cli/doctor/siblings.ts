/** @module Checks the applications of one base domain against each other, and against the provider's own cookies. */

import { domainMatches } from '../../config/addresses.js'
import type { ResolvedOptions } from '../../config/options.js'
import { answersOf } from './application.js'
import { idsOf } from './application-cookies.js'
import { createFindings, type Finding } from './finding.js'
import { cookiesOf } from './set-cookie.js'
import type { ApplicationVisit, ProviderVisit } from './visits.js'

const { ok, warn, fail, skipped } = createFindings('siblings')

/** Whether ids, and with them cookie names and keys, are each application's own. */
export function judgeSiblings(
  visits: readonly ApplicationVisit[],
  provider: ProviderVisit,
  resolved: ResolvedOptions,
): readonly Finding[] {
  if (visits.length === 0) return [skipped('no-application', { reason: 'no application could be looked at' })]
  const findings: Finding[] = []
  const known = visits.map((visit) => ({ visit, ids: idsOf(visit) }))
  const own = known.find(({ visit }) => visit.origin === resolved.application.url)
  if (own?.ids[0] !== undefined && !own.ids.includes(resolved.application.id)) {
    findings.push(
      fail('other-id', {
        target: own.visit.origin,
        reason: `runs with the id ${own.ids.join(', ')}, the configuration here says ${resolved.application.id}`,
        remedy: 'run the application and this command with the same CITIZEN_APPLICATION_ID',
      }),
    )
  }
  for (const [at, one] of known.entries()) {
    for (const other of known.slice(at + 1)) {
      const same = one.ids.filter((id) => other.ids.includes(id))
      if (same.length === 0) continue
      findings.push(
        fail('same-id', {
          target: `${one.visit.origin}, ${other.visit.origin}`,
          reason: `both run with the id ${same.join(', ')}: they would take each other's sessions for their own; or one application answers at two addresses, and only one can be right`,
          remedy: 'give each application a CITIZEN_APPLICATION_ID of its own, and each one address',
        }),
      )
    }
    const { domain } = resolved.sharedCookie
    const { hostname } = new URL(one.visit.origin)
    if (domain !== false && !domainMatches(hostname, domain)) {
      findings.push(
        fail('outside-domain', {
          target: one.visit.origin,
          reason: `does not lie below ${domain}: browsers never send it the shared cookie`,
          remedy: `serve it below ${domain}`,
        }),
      )
    }
  }
  findings.push(...judgeCollisions(visits, provider))
  if (findings.length > 0) return findings
  if (visits.length === 1) {
    return [
      skipped('one-application', {
        reason: 'only one application was looked at',
        remedy: 'name its siblings with --url, once for each',
      }),
    ]
  }
  const ids = known.flatMap((each) => each.ids)
  return [
    ok('siblings', { reason: `${visits.length} applications with ids of their own: ${ids.join(', ')}` }),
  ]
}

/** A cookie of the provider on the base domain that has the name of one of ours reaches us beside it. */
function judgeCollisions(visits: readonly ApplicationVisit[], provider: ProviderVisit): readonly Finding[] {
  const theirs = [provider.login, provider.logout]
    .flatMap(cookiesOf)
    .filter(({ domain }) => domain !== undefined)
  return visits.flatMap((visit) => {
    const ours = answersOf(visit).flatMap(({ answer }) => cookiesOf(answer))
    const hostOnly = ours.filter(({ domain, isDeletion }) => domain === undefined && !isDeletion)
    const names = [...new Set(theirs.map(({ name }) => name))].filter((name) =>
      hostOnly.some((cookie) => cookie.name === name),
    )
    if (names.length === 0) return []
    return [
      warn('same-cookie', {
        target: visit.origin,
        reason: `${names.join(', ')} is set by the provider for the whole domain and by the application for its host: requests carry both`,
        remedy: 'give the cookie of the application another name, best with the prefix __Host-',
      }),
    ]
  })
}
