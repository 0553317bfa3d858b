/** @module The profile that the header shows: the attributes that the application releases, and nothing else. */
import type { ActiveCitizen, Citizen } from '../citizen.js'
import type { ProfileSources, ReleaseProfile } from '../config/profile-option.js'
import { retrySoon } from '../errors.js'
import type { Report } from '../events.js'
import type { Reply } from '../exchange.js'
import { problem } from '../pages/problem.js'
import { liveSessionOf } from './create-citizen.js'
import { personOf } from './record.js'
import { release } from './release.js'

/** The JSON of `GET <path>/profile`. */
export interface ProfileDocument {
  /** Whose it is: the `person` of the status. */
  readonly person: string
  /** What the option `profile` has returned. */
  readonly profile: Readonly<Record<string, unknown>>
}

/** What the answer takes. */
export interface ProfileContext {
  /** Absent: nothing is released. */
  readonly release: ReleaseProfile | undefined
  readonly report: Report
  /** Where a person can sign in. */
  readonly login: string
}

/** The answer for a citizen: 200 with the profile, 401 for nobody, 503 for an outage, 500 where the application failed. */
export async function profileReply(context: ProfileContext, citizen: Citizen): Promise<Reply> {
  if (citizen.state !== 'active') return refusal(context, citizen)
  const released = await release(() => context.release?.(citizen.claims, sourcesOf(citizen)))
  if ('problem' in released) {
    context.report({ type: 'profile.failed', publicId: citizen.session.publicId, ...released })
    const detail = 'the application did not say which attributes it releases; nobody was signed out'
    return problem(500, { code: 'profile-failed', reason: released.problem, detail })
  }
  const person = personOf(citizen.claims.iss, citizen.claims.sub)
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'private, no-store',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
    body: `{"person":${JSON.stringify(person)},"profile":${released.json}}`,
  }
}

function refusal({ login }: ProfileContext, citizen: Exclude<Citizen, ActiveCitizen>): Reply {
  if (citizen.state === 'unavailable') {
    const detail = 'the session cannot be looked up at the moment; nobody was signed out'
    return problem(503, { code: 'unavailable', reason: citizen.reason, detail, headers: retrySoon })
  }
  const said =
    citizen.state === 'mfa-required'
      ? { code: 'second-factor-required', reason: 'second-factor', detail: 'a second factor is required' }
      : { code: 'login-required', reason: citizen.reason, detail: 'nobody is signed in on this request' }
  return problem(401, { ...said, login })
}

function sourcesOf(citizen: ActiveCitizen): ProfileSources {
  const { attributes } = citizen.claims
  return {
    userInfo: liveSessionOf(citizen)?.userInfo,
    attributes: isAttributes(attributes) ? attributes : {},
  }
}

function isAttributes(value: unknown): value is ProfileSources['attributes'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(
    (texts) => Array.isArray(texts) && texts.every((text) => typeof text === 'string'),
  )
}
