/** @module The authorization endpoint: who is there, whether that is enough, and what the client gets. */
import { endpointPaths } from '../endpoints.js'
import { say } from '../language.js'
import { html } from '../markup.js'
import { page, redirect } from '../page.js'
import { withReturn } from '../return-field.js'
import type { Route } from '../route.js'
import type { Level } from '../sessions.js'
import { readForm, type SignedIn, type Visit } from '../visit.js'
import { answerTo, errorTo, sessionStateFor } from './authorization-answer.js'
import { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request.js'
import type { Grant } from './grants.js'
import { signIdToken } from './id-token.js'
import {
  faultsOf,
  isUnfinished,
  livingOf,
  methodsOf,
  type PendingAuthorization,
  type Provider,
} from './provider.js'

/** `GET|POST authorize.idp`. */
export function createAuthorization(provider: Provider): Route {
  const { context } = provider
  return {
    takesForeignForms: true,
    async GET(_, visit) {
      const ticket = visit.query.get('pending')
      if (ticket !== null) {
        const pending = provider.authorizations.find(ticket)
        return pending ? decide(provider, visit, { pending, ticket }) : tooLate(provider)
      }
      return first(provider, visit, visit.query)
    },
    async POST(_, visit) {
      const parameters = await readForm(visit.request)
      const read = await readAuthorizationRequest(provider, parameters)
      if (read.kind === 'refused') return refused(provider, read.message)
      if (read.kind === 'error') return errorTo(provider, visit, read)
      // A form of another site may come without our cookies; the GET that follows brings them.
      const ticket = provider.authorizations.keep({ request: read.request, earlier: undefined })
      return redirect(`${context.url()}${endpointPaths.authorization}?pending=${ticket}`)
    },
  }
}

async function first(provider: Provider, visit: Visit, parameters: URLSearchParams): Promise<Response> {
  const read = await readAuthorizationRequest(provider, parameters)
  if (read.kind === 'refused') return refused(provider, read.message)
  if (read.kind === 'error') return errorTo(provider, visit, read)
  return decide(provider, visit, {
    pending: { request: read.request, earlier: undefined },
    ticket: undefined,
  })
}

const refused = ({ context }: Provider, message: string) =>
  page(context, {
    title: say('The application asked wrongly', 'La demande de l’application est erronée'),
    status: 400,
    content: html`<section><p class="bad" lang="en">${message}</p><p>${say('Nobody was sent anywhere.', 'Personne n’a été envoyé nulle part.')}</p></section>`,
  })

const tooLate = ({ context }: Provider) =>
  page(context, {
    title: say('Too late', 'Trop tard'),
    status: 400,
    content: html`<section><p>${say('This sign-in was started too long ago. Go back to the application and begin again.', 'Cette connexion a commencé il y a trop longtemps. Retournez à l’application et recommencez.')}</p></section>`,
  })

interface Flow {
  readonly pending: PendingAuthorization
  readonly ticket: string | undefined
}

async function decide(provider: Provider, visit: Visit, flow: Flow): Promise<Response> {
  const { context, register } = provider
  const { request } = flow.pending
  const { client, hintedSubject } = request
  const living = livingOf(context, visit)
  flow.pending.earlier ??= new Set(living.map(({ session }) => session.cookie))
  const { earlier } = flow.pending
  const isNew = ({ session }: SignedIn) => !earlier.has(session.cookie)
  const isSilent = request.prompts.includes('none')
  const fail = (error: string, message: string) =>
    errorTo(provider, visit, { target: request, error, message })

  const chosen = choose(provider, request, [...living.filter(isNew), ...living.filter((one) => !isNew(one))])
  const login = (isForced: boolean, message: string) =>
    isSilent && !faultsOf(provider).loginPageForPromptNone
      ? fail('login_required', message)
      : toLogin(provider, flow, isForced)
  if (!chosen) return login(false, 'nobody whom this client accepts is signed in')
  if (hintedSubject !== undefined && chosen.person.sub !== hintedSubject) {
    // The client joins the session that was found, and is told all the same. Source: Safewhere, scenario, 3 to 5.
    if (isSilent && !isUnfinished(chosen)) register.join(chosen.session, client.client_id)
    const message = 'somebody else than the id_token_hint says is signed in'
    return isNew(chosen) ? fail('login_required', message) : login(true, message)
  }
  const isLenient = faultsOf(provider).ignoresAssurance === true
  if (!isNew(chosen) && !isLenient && needsNewLogin(provider, request, chosen)) {
    return login(true, 'a new authentication is needed')
  }
  if (isUnfinished(chosen)) {
    return isSilent
      ? fail('interaction_required', 'a second factor is missing')
      : toSecondFactor(provider, flow, chosen)
  }
  const lacking = isLenient ? undefined : lackingLevel(provider, request, chosen)
  if (lacking === undefined) return succeed(provider, visit, { request, chosen })
  const isPossible = lacking === 'did' ? chosen.person.eeze : chosen.person.secondFactor !== undefined
  if (!isPossible || (lacking === 'did' && isNew(chosen))) {
    return fail('unmet_authentication_requirements', 'this person cannot show what acr_values ask for')
  }
  if (isSilent) return fail('interaction_required', 'more than the present authentication is asked for')
  return lacking === 'did' ? toLogin(provider, flow, true) : toSecondFactor(provider, flow, chosen)
}

/** The session of the hint, else one that the client takes part in, else the newest; only of allowed upstreams. */
function choose(
  { register }: Provider,
  { client, hintedSubject }: AuthorizationRequest,
  living: readonly SignedIn[],
): SignedIn | undefined {
  const allowed = living.filter(
    ({ person }) =>
      client.allowedUpstreams === undefined || client.allowedUpstreams.includes(person.upstream),
  )
  return (
    allowed.find(({ person }) => person.sub === hintedSubject) ??
    allowed.find(({ session }) => register.of(session).participants.has(client.client_id)) ??
    allowed[0]
  )
}

function needsNewLogin({ context }: Provider, request: AuthorizationRequest, { session }: SignedIn) {
  if (request.prompts.includes('login') || request.prompts.includes('select_account')) return true
  if (request.maxAgeSeconds === undefined) return false
  return request.maxAgeSeconds === 0 || context.now() - session.startedAt > request.maxAgeSeconds * 1000
}

/** The level that the first of the known `acr_values` asks for, while none of them is reached. */
function lackingLevel({ options }: Provider, request: AuthorizationRequest, { session }: SignedIn) {
  const levels: readonly Level[] = ['password', 'mfa', 'did']
  const levelOf = (value: string) => levels.find((level) => options.acrValues[level] === value)
  const asked = request.acrValues.map(levelOf).filter((level) => level !== undefined)
  const isReached = (level: Level) => levels.indexOf(session.level) >= levels.indexOf(level)
  return asked.some(isReached) ? undefined : asked[0]
}

function resumeAddress(provider: Provider, { pending, ticket }: Flow) {
  const { uiLocales } = pending.request
  const query = new URLSearchParams({ pending: ticket ?? provider.authorizations.keep(pending) })
  if (uiLocales !== undefined) query.set('ui_locales', uiLocales.slice(0, 128))
  return `${endpointPaths.authorization}?${query}`
}

function toLogin(provider: Provider, flow: Flow, isForced: boolean) {
  const { client, loginHint } = flow.pending.request
  const query = new URLSearchParams({ returnTo: resumeAddress(provider, flow) })
  for (const upstream of client.allowedUpstreams ?? []) query.append('upstream', upstream)
  if (isForced) query.set('prompt', 'login')
  if (loginHint !== undefined) query.set('login_hint', loginHint.slice(0, 128))
  return redirect(`/login?${query}`)
}

function toSecondFactor(provider: Provider, flow: Flow, { person }: SignedIn) {
  const path = withReturn('/second-factor', resumeAddress(provider, flow))
  return redirect(`${path}&${new URLSearchParams({ upstream: person.upstream })}`)
}

async function succeed(
  provider: Provider,
  visit: Visit,
  { request, chosen }: { readonly request: AuthorizationRequest; readonly chosen: SignedIn },
): Promise<Response> {
  const { context, register, grants } = provider
  const { session, person } = chosen
  context.sessions.extend(session)
  const sso = register.join(session, request.client.client_id)
  const sessionState = sessionStateFor(provider, visit, request)
  const grant: Grant = {
    client: request.client,
    sso,
    sid: sso.sid,
    username: person.username,
    sub: person.sub,
    scope: request.scope,
    nonce: request.nonce,
    level: session.level,
    authTime: Math.floor(session.startedAt / 1000),
    amr: methodsOf(session, person),
    sessionState,
    isRevoked: false,
  }
  const { responseType, redirectUri, codeChallenge } = request
  const code =
    responseType === 'id_token' ? undefined : grants.issueCode(grant, { redirectUri, codeChallenge })
  const front = { grant, person, isFirst: true, code, hasScopeClaims: code === undefined }
  const idToken = responseType === 'code' ? undefined : await signIdToken(provider, front)
  return answerTo(provider, request, { code, id_token: idToken, session_state: sessionState })
}
