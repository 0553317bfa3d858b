/** @module Checks a real token of the deployment, where one was given. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { maximumPairLength } from '../../cookies/serialize.js'
import type { CitizenSessionError } from '../../errors.js'
import type { TokenParts } from '../../tokens/token-parts.js'
import { judgeToken, readLoosely } from '../token/judge.js'
import { createFindings, type Finding } from './finding.js'

const { ok, warn, fail, skipped } = createFindings('token')
/** Many proxies read 8 KiB of headers by default; other cookies and headers want their share. */
const comfortableBytes = 6144

/** Seconds between `iat` and `exp`; `undefined` where they are no numbers. */
export function lifeOf(parts: TokenParts): number | undefined {
  const { iat, exp } = readLoosely(parts).claims ?? {}
  return typeof iat === 'number' && typeof exp === 'number' && exp > iat ? exp - iat : undefined
}

/** What was given holds no token under the configured names. The message says what was found instead. */
export function judgeMissingToken(error: CitizenSessionError): Finding {
  return fail('token-unreadable', {
    reason: error.message,
    remedy: 'give the Cookie header of one signed-in browser, as its developer tools show it, or one token',
  })
}

const usualRemedy = 'correct the configuration until `citizen-session token inspect` accepts the token'
/** Where it is not the configuration that is at fault. */
const remedies: Readonly<Record<string, string>> = {
  'not-yet-valid':
    'synchronise the clocks of the provider and of this machine (NTP): the token comes from the future',
  expired:
    'sign in again and give the new cookies; if those are expired too, synchronise the clocks of the provider and of this machine (NTP)',
  'unknown-key':
    'sign in again and give the new cookies; if those are refused too, correct CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS, or let the provider publish the key that it signs with',
}

/** Whether the configuration accepts the token, and whether its three cookies fit. */
export async function judgeGivenToken(
  parts: TokenParts | undefined,
  resolved: ResolvedSharedCookieOptions,
  circumstances: { readonly now: number; readonly fetch: typeof globalThis.fetch },
): Promise<readonly Finding[]> {
  if (parts === undefined) {
    return [
      skipped('no-token', {
        reason: 'no token was given',
        remedy:
          'give the cookies of a signed-in browser with --token-file: issuer, claims and sizes are then checked',
      }),
    ]
  }
  const verdict = await judgeToken(parts, resolved, circumstances)
  const findings: Finding[] = []
  if (verdict.outcome === 'refused') {
    findings.push(
      fail(`token-${verdict.problem}`, {
        reason: verdict.reason,
        remedy: remedies[verdict.problem ?? ''] ?? usualRemedy,
      }),
    )
  } else if (verdict.outcome !== 'accepted') {
    findings.push(skipped('token-undecided', { reason: verdict.reason }))
  } else findings.push(ok('token', { reason: verdict.reason }))
  const { names } = resolved.sharedCookie
  const sizes = (['header', 'payload', 'signature'] as const).map((part) => ({
    name: names[part],
    size: names[part].length + parts[part].length,
  }))
  const total = sizes.reduce((sum, { size }) => sum + size, 0)
  const large = sizes.filter(({ size }) => size > maximumPairLength)
  const said = sizes.map(({ name, size }) => `${name} ${size}`).join(', ')
  const remedy = 'have the provider put fewer claims into the token'
  if (large.length > 0) {
    const reason = `${said} octets: browsers drop a cookie of more than ${maximumPairLength}, and nobody could sign in`
    findings.push(fail('token-cookie-too-large', { reason, remedy }))
  } else if (total > comfortableBytes) {
    const reason = `${said} octets, ${total} in all: many proxies refuse requests with 8 KiB of headers`
    findings.push(warn('token-large', { reason, remedy }))
  } else findings.push(ok('token-size', { reason: `${said} octets` }))
  return findings
}
