/** @module Faults of the emulator: what can be switched on to see how an application bears it. */
import { CitizenSessionError } from '../errors.js'
import { type EndpointName, endpointNames } from './endpoints.js'
import { isOpenidFaults, type OpenidFaults, openidFaultsExpected } from './faults/openid.js'
import { isSamlFaults, type SamlFaults, samlFaultsExpected } from './faults/saml.js'

/**
 * A wrong answer with status 200. `html`: a page. `huge`: 5 MiB. `missing-fields`: `{}`-like JSON. `unchanged`: the
 * refresh hands the same token back. `other-person`: the refresh hands out a token of somebody else. `other-session`:
 * the session value changes at the refresh. The last three concern the refresh only.
 */
export type Nonsense = 'html' | 'huge' | 'missing-fields' | 'unchanged' | 'other-person' | 'other-session'

/** The faults that can be switched on. */
export interface FaultSettings {
  /** Nothing answers: `fetch` rejects, a real connection is cut. The control endpoints go on. */
  readonly down: boolean
  /** Every answer waits that long. */
  readonly slowMilliseconds: number
  /** Status that an endpoint answers with instead of doing its work. */
  readonly status: Readonly<Partial<Record<EndpointName, number>>>
  /** `Retry-After` of those answers, in seconds. Default none. */
  readonly retryAfterSeconds: number | undefined
  readonly nonsense: Readonly<Partial<Record<EndpointName, Nonsense>>>
  /** How far the emulator's own clock is off; positive: ahead of the time. */
  readonly skewSeconds: number
  /** Endpoints that do not answer while the others do, as `down` for all. */
  readonly unreachable: readonly EndpointName[]
  /** Milliseconds that one endpoint waits, besides `slowMilliseconds`. */
  readonly slow: Readonly<Partial<Record<EndpointName, number>>>
  /** What the OpenID provider does wrong; `set` replaces all of it. */
  readonly openid: OpenidFaults
  /** What is wrong with the messages of the SAML identity provider; `set` replaces all of it. */
  readonly saml: SamlFaults
}

/** Switches faults on and off. */
export interface Faults {
  /** What is on now. */
  readonly settings: FaultSettings
  /** Changes some faults and leaves the others. @throws `emulator` when a value cannot be. */
  set(change: Partial<FaultSettings>): void
  /** Switches everything off and lets go of every answer that is held. */
  clear(): void
  /** Holds the answers of an endpoint back until the returned function is called. */
  hold(endpoint: EndpointName): () => void
}

/** The side of the faults that the endpoints see. */
export interface FaultGate {
  readonly faults: Faults
  /** Waits, rejects, or returns the wrong answer; `undefined`: go on with the work. */
  pass(endpoint: EndpointName): Promise<Response | undefined>
}

const none: FaultSettings = {
  down: false,
  slowMilliseconds: 0,
  status: {},
  retryAfterSeconds: undefined,
  nonsense: {},
  skewSeconds: 0,
  unreachable: [],
  slow: {},
  openid: {},
  saml: {},
}

/** The kinds of {@link Nonsense}; the first three fit every endpoint. */
export const nonsenseKinds: readonly Nonsense[] = [
  'html',
  'huge',
  'missing-fields',
  'unchanged',
  'other-person',
  'other-session',
]

/** Makes the faults, all off. `wait` is the timer behind `slowMilliseconds`. */
export function createFaults(wait: (milliseconds: number) => Promise<void>): FaultGate {
  let settings = none
  const held = new Map<EndpointName, Set<() => void>>()
  const gates = new Map<EndpointName, Set<Promise<void>>>()

  function hold(endpoint: EndpointName) {
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const here = gates.get(endpoint) ?? new Set()
    gates.set(endpoint, here.add(gate))
    const release = () => {
      here.delete(gate)
      open()
    }
    held.set(endpoint, (held.get(endpoint) ?? new Set()).add(release))
    return release
  }

  const faults: Faults = {
    get settings() {
      return settings
    },
    set(change) {
      settings = { ...settings, ...checkedSettings(change) }
    },
    clear() {
      settings = none
      for (const releases of held.values()) for (const release of releases) release()
      held.clear()
    },
    hold,
  }

  return {
    faults,
    async pass(endpoint) {
      assertUp(settings, endpoint)
      for (const gate of [...(gates.get(endpoint) ?? [])]) await gate
      const milliseconds = settings.slowMilliseconds + (settings.slow[endpoint] ?? 0)
      if (milliseconds > 0) await wait(milliseconds)
      // It may have gone down while the answer was held.
      assertUp(settings, endpoint)
      const status = settings.status[endpoint]
      if (status !== undefined) return faultAnswer(status, settings.retryAfterSeconds)
      return nonsenseAnswer(settings.nonsense[endpoint])
    },
  }
}

function assertUp({ down, unreachable }: FaultSettings, endpoint: EndpointName) {
  if (!down && !unreachable.includes(endpoint)) return
  // The shape in which fetch reports a refused connection.
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  throw new TypeError('fetch failed', { cause })
}

/** Whether an error is the fault `down`, and not a mistake of ours. */
export const isDown = (error: unknown): boolean =>
  error instanceof TypeError && error.cause instanceof Error && Object.hasOwn(error.cause, 'code')

function faultAnswer(status: number, retryAfterSeconds: number | undefined) {
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  return new Response(JSON.stringify({ error: 'fault' }), { status, headers })
}

function nonsenseAnswer(kind: Nonsense | undefined) {
  const headers = { 'cache-control': 'no-store' }
  switch (kind) {
    case 'html':
      return new Response('<!doctype html><title>Maintenance</title><p>Back soon.', {
        headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
      })
    case 'huge':
      return new Response(JSON.stringify({ token: 'x'.repeat(5 * 1024 * 1024) }), {
        headers: { ...headers, 'content-type': 'application/json' },
      })
    case 'missing-fields':
      return Response.json({ ok: true }, { headers })
    default:
      return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Checks settings that may come from outside. @throws `emulator`, status 400. */
export function checkedSettings(change: unknown): Partial<FaultSettings> {
  const wrong = (what: string) => new CitizenSessionError('emulator', `faults: ${what}`, { status: 400 })
  if (!isRecord(change)) throw wrong('an object is expected')
  const isSeconds = (value: unknown, low: number) =>
    typeof value === 'number' && Number.isFinite(value) && value >= low && value <= 86_400_000
  const isStatus = (value: unknown) =>
    value === undefined ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599)
  const isKind = (value: unknown) => value === undefined || nonsenseKinds.some((kind) => kind === value)
  const perEndpoint = (value: unknown, isValue: (one: unknown) => boolean) =>
    isRecord(value) &&
    Object.entries(value).every(
      ([name, one]) => endpointNames.some((endpoint) => endpoint === name) && isValue(one),
    )
  const checks: Record<keyof FaultSettings, [isValid: (value: unknown) => boolean, expected: string]> = {
    down: [(value) => typeof value === 'boolean', 'true or false'],
    slowMilliseconds: [(value) => isSeconds(value, 0), 'milliseconds, 0 or more'],
    status: [
      (value) => perEndpoint(value, isStatus),
      `an object of status codes 400 to 599 by endpoint (${endpointNames.join(', ')})`,
    ],
    retryAfterSeconds: [(value) => value === undefined || isSeconds(value, 0), 'seconds, 0 or more'],
    nonsense: [
      (value) => perEndpoint(value, isKind),
      `an object of ${nonsenseKinds.join(', ')} by endpoint (${endpointNames.join(', ')})`,
    ],
    skewSeconds: [(value) => isSeconds(value, -86_400_000), 'seconds'],
    unreachable: [
      (value) =>
        Array.isArray(value) && value.every((one) => endpointNames.some((endpoint) => endpoint === one)),
      `a list of endpoints (${endpointNames.join(', ')})`,
    ],
    slow: [
      (value) => perEndpoint(value, (one) => one === undefined || isSeconds(one, 0)),
      'an object of milliseconds by endpoint',
    ],
    openid: [isOpenidFaults, openidFaultsExpected],
    saml: [isSamlFaults, samlFaultsExpected],
  }
  for (const [name, value] of Object.entries(change)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof FaultSettings] : undefined
    if (!check) throw wrong(`"${name}" is unknown; there are ${Object.keys(checks).join(', ')}`)
    if (!check[0](value)) throw wrong(`${name} must be ${check[1]}`)
  }
  return change
}
