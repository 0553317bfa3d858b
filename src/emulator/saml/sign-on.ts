/** @module Single sign-on by SAML: from a request to the form that carries the Response. */
import { lacksSecondFactor } from '../context.js'
import { faultSet } from '../faults/saml.js'
import { redirect } from '../page.js'
import { withReturn } from '../return-field.js'
import type { KeptSession } from '../sessions.js'
import { readForm, type SignedIn, type Visit } from '../visit.js'
import { attributesOf, mailDomainOf } from './attributes.js'
import { satisfyingContext } from './authn-context.js'
import { fromForm, fromRedirect, type IncomingMessage } from './bindings.js'
import { type AuthnWish, readAuthnRequest } from './incoming.js'
import { type NameIdFormat, nameIdFormats } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import { postPage } from './pages.js'
import type { Parts } from './parts.js'
import { SamlRefusal } from './refusal.js'
import { randomId } from './xml.js'

/** A request whose person is signing in. */
interface Pending {
  /** Under which it waits. */
  readonly key: string
  readonly provider: ResolvedServiceProvider
  readonly requestId: string
  readonly wish: AuthnWish
  readonly relayState: string | undefined
  readonly at: number
  /** Sessions that were there before: they do not satisfy ForceAuthn. */
  before: readonly KeptSession[] | undefined
  hasAskedAgain: boolean
}

/** The sign-on endpoint. */
export interface SignOn {
  /** `GET /saml/sso`: a request by redirect, or `continue` after the sign-in pages. */
  get(visit: Visit): Promise<Response>
  /** `POST /saml/sso`. */
  post(visit: Visit): Promise<Response>
  clear(): void
}

const formLimit = 131_072

interface SignOnState {
  readonly parts: Parts
  readonly pending: Map<string, Pending>
}

/** Makes the endpoint. Source: SAML 2.0 Profiles, section 4.1. */
export function createSignOn(parts: Parts): SignOn {
  const state: SignOnState = { parts, pending: new Map() }
  return {
    async get(visit) {
      const key = visit.query.get('continue')
      if (key !== null) return proceed(state, key, visit)
      return proceed(state, await receive(state, fromRedirect(new URL(visit.request.url).search)), visit)
    },
    // A form of another site brings no Lax cookies: the GET that follows does.
    async post(visit) {
      const form = await readForm(visit.request, formLimit)
      return redirect(continuePath(await receive(state, fromForm(form))))
    },
    clear: () => state.pending.clear(),
  }
}

/** Judges a request and keeps it. Returns its key. */
async function receive({ parts, pending }: SignOnState, message: IncomingMessage): Promise<string> {
  const { context, options } = parts
  const { provider, id, element } = await parts.judge.judge(message, {
    name: 'AuthnRequest',
    destinations: [parts.addresses().ssoUrl],
    mustBeSigned: (one) => options.wantsSignedRequests || one.signsRequests,
  })
  const wish = readAuthnRequest(element, provider)
  const key = randomId(context.options.random)
  for (const [old, { at }] of pending) if (at < context.now() - 3_600_000) pending.delete(old)
  // The oldest goes, and not everybody who is just signing in.
  const [oldest] = pending.keys()
  if (pending.size >= 1000 && oldest !== undefined) pending.delete(oldest)
  pending.set(key, {
    key,
    provider,
    requestId: id,
    wish,
    relayState: message.relayState,
    at: context.now(),
    before: undefined,
    hasAskedAgain: false,
  })
  return key
}

async function proceed(state: SignOnState, key: string, visit: Visit): Promise<Response> {
  const request = state.pending.get(key)
  if (!request) throw new SamlRefusal('malformed', 'this sign-in is over: begin again at the application')
  request.before ??= visit.held.map(({ session }) => session)
  const { wish, before } = request
  const isOld = (known: SignedIn) => wish.forceAuthn && before.includes(known.session)
  const known = visit.identity && !isOld(visit.identity) ? visit.identity : undefined
  if (!known || lacksSecondFactor(known.session, known.person)) {
    if (wish.isPassive) return refuse(state, request, ['Responder', 'NoPassive'])
    return known
      ? redirect(withReturn('/second-factor', continuePath(key)))
      : askToSignIn(key, wish.forceAuthn)
  }
  const authnContext = satisfyingContext(known.session.level, wish, state.parts.options.authnContexts)
  if (authnContext !== undefined) return respond(state, request, { known, authnContext })
  if (request.hasAskedAgain || !known.person.eeze) {
    return refuse(state, request, ['Responder', 'NoAuthnContext'])
  }
  if (wish.isPassive) return refuse(state, request, ['Responder', 'NoPassive'])
  // With Eeze there are two ways to sign in: the other one may be what is asked for.
  request.hasAskedAgain = true
  return askToSignIn(key, true)
}

const continuePath = (key: string) => `/saml/sso?continue=${key}`

const askToSignIn = (key: string, isForced: boolean) =>
  redirect(`${withReturn('/login', continuePath(key))}${isForced ? '&prompt=login' : ''}`)

async function refuse({ parts, pending }: SignOnState, request: Pending, status: readonly string[]) {
  pending.delete(request.key)
  const answer = { inResponseTo: request.requestId, status }
  return postPage(await parts.sender.response(routeOf(request), answer), request.wish.isPassive)
}

const routeOf = ({ provider, wish, relayState }: Pending) =>
  ({ provider, binding: 'post', url: wish.acsUrl, relayState }) as const

async function respond(
  state: SignOnState,
  request: Pending,
  { known, authnContext }: { readonly known: SignedIn; readonly authnContext: string },
): Promise<Response> {
  const { parts, pending } = state
  const { context, sender, singleLogout } = parts
  const format = formatOf(request)
  if (format === undefined) return refuse(state, request, ['Requester', 'InvalidNameIDPolicy'])
  pending.delete(request.key)
  const { session, person } = known
  // Any application extends the session by asking for it. Source: CitizenOne, Identity Session Layer.
  context.sessions.extend(session)
  const participation = parts.participations.join(request.provider.entityId, session, format)
  const mailDomain = mailDomainOf(context.options.domain, context.url())
  const message = await sender.response(
    routeOf(request),
    { inResponseTo: request.requestId, status: ['Success'] },
    {
      nameId: participation.nameId,
      sessionIndex: participation.sessionIndex,
      authnInstant: session.startedAt,
      sessionNotOnOrAfter: session.endsAt,
      authnContext,
      attributes: attributesOf(session, person, mailDomain),
    },
  )
  const deliver = () => postPage(message, request.wish.isPassive)
  const isLate = faultSet(context.gate.faults.settings.saml, 'response').has('late')
  // The assertion arrives after a request to end the very session that it begins.
  return isLate ? singleLogout.lead([participation], deliver) : deliver()
}

function formatOf({ wish, provider }: Pending): NameIdFormat | undefined {
  const asked = wish.nameIdFormat
  if (asked === undefined || asked === nameIdFormats.unspecified) return provider.nameIdFormat
  return (Object.keys(nameIdFormats) as NameIdFormat[]).find((name) => nameIdFormats[name] === asked)
}
