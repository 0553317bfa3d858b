/** @module Checks under which policies a page of ours reaches the browser: by its own alone, or held by somebody else's. */
import { ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import type { ApplicationVisit } from './visits.js'

const { ok, warn, skipped } = createFindings('policies')

/** Ends of the policy that the page of the logout has: what stands elsewhere is not ours. */
const ownPolicy =
  /^default-src 'none'; style-src [^;,]+; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/

/** What the page says by itself; absent: it must not be there. Each reason says what another one does. */
const expected: readonly {
  readonly name: string
  readonly isOwn: (value: string | undefined) => boolean
  readonly harm: string
}[] = [
  {
    name: 'content-security-policy',
    isOwn: (value) => value !== undefined && ownPolicy.test(value),
    harm: 'browsers enforce every policy that they get: its form-action and script-src stop forms that lead to the provider',
  },
  {
    name: 'x-frame-options',
    isOwn: (value) => value === 'DENY',
    harm: 'a provider cannot show the front-channel logout in its frame',
  },
  {
    name: 'cross-origin-opener-policy',
    isOwn: (value) => value === undefined,
    harm: 'the window of a sign-in loses the page that opened it',
  },
  {
    name: 'referrer-policy',
    isOwn: (value) => value === 'same-origin',
    harm: 'browsers without Sec-Fetch-Site send "Origin: null" with our forms, which are then refused',
  },
]

/** Whether middleware, or a proxy, adds policies of its own to the routes. Source: CSP Level 3, section 8.1. */
export function judgePolicies(
  { origin, logoutByGet: answer }: ApplicationVisit,
  path: string,
): readonly Finding[] {
  const target = `${origin}${path}/logout`
  if (answer instanceof ProbeError || answer.status !== 200) {
    return [skipped('no-page', { target, reason: 'there is no page that could be looked at' })]
  }
  const foreign = expected.flatMap(({ name, isOwn, harm }) => {
    const value = answer.header(name)
    if (isOwn(value)) return []
    return [
      warn('policy-added', {
        target,
        reason: `${name} is ${quoted(value)}, which is not, or not only, what the page says: ${harm}`,
        remedy: `let whatever adds it (a proxy, headers() of Next.js, middleware that writes to finished answers) leave ${path}/ out`,
      }),
    ]
  })
  if (foreign.length > 0) return foreign
  return [ok('policies', { target, reason: 'the page stands under its own policies alone' })]
}

/** A value of a stranger: printable, and not longer than a line. */
function quoted(value: string | undefined): string {
  return value === undefined ? 'missing' : JSON.stringify(value.slice(0, 100))
}
