/** @module Checks that the provider's logout and refresh are where the configuration says. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { explainSilence, type Visited } from './visits.js'

const logout = createFindings('provider-logout')
const refresh = createFindings('provider-refresh')

/** Statuses of an address where there is nothing of the kind. */
const nothingThere = new Set([404, 405, 410, 501])

/** Whether the logout page answers: without it a global logout leaves the identity session behind. */
export function judgeProviderLogout(
  visited: Visited,
  { identityProvider }: ResolvedSharedCookieOptions,
): Finding {
  const target = identityProvider.endpoints.logout
  if (visited instanceof ProbeError) {
    return logout.fail('provider-logout-unreachable', { target, ...explainSilence(visited, target) })
  }
  if (visited.status >= 500 || nothingThere.has(visited.status)) {
    return logout.fail('provider-logout-status', {
      target,
      reason: `the answer is ${visited.status}: who signs out everywhere stays signed in there`,
      remedy:
        visited.status >= 500 && visited.status !== 501
          ? 'look at the provider'
          : 'write the address of the logout page in CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGOUT',
    })
  }
  return logout.ok('provider-logout', { target, reason: `answers ${visited.status}` })
}

/** Whether the refresh endpoint answers a request that carries no token: with a refusal, but it answers. */
export function judgeProviderRefresh(
  visited: Visited,
  { identityProvider }: ResolvedSharedCookieOptions,
): Finding {
  const target = identityProvider.endpoints.refresh
  if (visited instanceof ProbeError) {
    return refresh.fail('refresh-unreachable', { target, ...explainSilence(visited, target) })
  }
  const { status } = visited
  const isElsewhere = nothingThere.has(status) || (status >= 300 && status < 400)
  if (status >= 500 || isElsewhere) {
    return refresh.fail('refresh-status', {
      target,
      reason: `the answer to a POST is ${status}: no session would outlive its first token`,
      remedy: isElsewhere
        ? 'write the address that extends a token in CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_REFRESH'
        : 'look at the provider',
    })
  }
  return refresh.ok('provider-refresh', { target, reason: `answers ${status} to a request without a token` })
}
