/** @module Checks the applications of one base domain against each other, and against the provider's own cookies. */

import type { ResolvedOptions } from '../../config/options.js'
import { domainMatches } from '../../host-names.js'
import { answersOf } from './application.js'
import { idsOf } from './application-cookies.js'
import { createFindings, type Finding } from './finding.js'
import { cookiesOf } from './set-cookie.js'
import type { ApplicationVisit, ProviderVisit } from './visits.js'

const { ok, warn, fail, skipped } = createFindings('siblings')

/** Whether ids, and with them cookie names and keys, are each application's own. */
export function judgeSiblings(
  visits: readonly ApplicationVisit[],
  provider: ProviderVisit | undefined,
  resolved: ResolvedOptions,
): readonly Finding[] {
  if (visits.length === 0) return [skipped('no-application', { reason: 'no application could be looked at' })]
  const findings: Finding[] = []
  const domain = resolved.sharedCookie?.domain ?? false
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
  const unknown = known.filter(({ ids }) => ids.length === 0)
  if (unknown.length > 0) {
    return [
      skipped('ids-unseen', {
        target: unknown.map(({ visit }) => visit.origin).join(', '),
        reason: 'no cookie of its own was seen, so its id is not known',
      }),
    ]
  }
  const ids = known.flatMap((each) => each.ids)
  return [
    ok('siblings', { reason: `${visits.length} applications with ids of their own: ${ids.join(', ')}` }),
  ]
}

/** A cookie that somebody else sets for the whole domain, under a name of ours, reaches us beside our own. */
function judgeCollisions(
  visits: readonly ApplicationVisit[],
  provider: ProviderVisit | undefined,
): readonly Finding[] {
  const answers = provider === undefined ? [] : [provider.login, provider.logout]
  const setters = [
    { who: 'the provider', seen: answers.flatMap(cookiesOf) },
    ...visits.map((visit) => ({
      who: visit.origin,
      seen: answersOf(visit).flatMap(({ answer }) => cookiesOf(answer)),
    })),
  ].map(({ who, seen }) => ({ who, set: seen.filter(({ isDeletion }) => !isDeletion) }))
  return setters.slice(1).flatMap((ours) =>
    setters.flatMap((theirs) => {
      if (theirs === ours) return []
      const wide = new Set(theirs.set.filter(({ domain }) => domain !== undefined).map(({ name }) => name))
      const names = [...new Set(ours.set.map(({ name }) => name))].filter((name) => wide.has(name))
      if (names.length === 0) return []
      return [
        warn('same-cookie', {
          target: ours.who,
          reason: `sets ${names.join(', ')}, which ${theirs.who} sets for the whole domain: requests carry both, or one overwrites the other`,
          remedy: 'give the cookie of the application another name, best with the prefix __Host-',
        }),
      ]
    }),
  )
}
