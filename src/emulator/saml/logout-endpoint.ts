/** @module Single logout by SAML: the requests of service providers, and the answers to ours. */
import { settleModes } from '../context.js'
import { redirect } from '../page.js'
import type { KeptSession } from '../sessions.js'
import { readBody, readForm, signedOutCookies, type Visit } from '../visit.js'
import { fromEnvelope, fromForm, fromRedirect, type IncomingMessage } from './bindings.js'
import type { SamlDelivery } from './deliveries.js'
import { readLogoutRequest } from './incoming.js'
import { namespaces } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import { postPage } from './pages.js'
import type { Parts } from './parts.js'
import { SamlRefusal } from './refusal.js'
import { xml } from './xml.js'

/** The logout endpoints. */
export interface LogoutEndpoint {
  /** `GET /saml/slo`: by redirect. */
  get(visit: Visit): Promise<Response>
  /** `POST /saml/slo`. */
  post(visit: Visit): Promise<Response>
  /** `POST /saml/soap`. */
  soap(visit: Visit): Promise<Response>
}

const formLimit = 131_072

/** Makes the endpoints. Source: SAML 2.0 Profiles, section 4.4. */
export const createLogoutEndpoint = (parts: Parts): LogoutEndpoint => ({
  get: (visit) => viaBrowser(parts, fromRedirect(new URL(visit.request.url).search), visit),
  async post(visit) {
    return viaBrowser(parts, fromForm(await readForm(visit.request, formLimit)), visit)
  },
  soap: async (visit) => viaSoap(parts, await readBody(visit.request, formLimit)),
})

/** Ends what the provider means; not `isKnown` when it means nobody. */
async function begin(parts: Parts, message: IncomingMessage) {
  const { context, participations } = parts
  const { logoutUrl, soapUrl } = parts.addresses()
  const isSoap = message.binding === 'soap'
  const judged = await parts.judge.judge(message, {
    name: 'LogoutRequest',
    destinations: [isSoap ? soapUrl : logoutUrl],
    mustBeSigned: () => true,
  })
  const { provider, id } = judged
  const meant = participations.find({ provider: provider.entityId, ...readLogoutRequest(judged.element) })
  const sessions = [...new Set(meant.map(({ session }) => session))]
  const others = participations.take(sessions).filter((one) => one.provider !== provider.entityId)
  for (const session of sessions) context.sessions.end(session)
  await settleModes(context)
  return { provider, id, sessions, others, isKnown: meant.length > 0 }
}

/** The status of the answer. Source: SAML 2.0 Core, sections 3.2.2.2 and 3.7.3.2. */
function statusOf(isKnown: boolean, deliveries: readonly SamlDelivery[]): readonly string[] {
  if (!isKnown) return ['Requester', 'UnknownPrincipal']
  return deliveries.every(({ state }) => state === 'done') ? ['Success'] : ['Success', 'PartialLogout']
}

async function viaBrowser(parts: Parts, message: IncomingMessage, visit: Visit): Promise<Response> {
  const { context, singleLogout } = parts
  if (message.parameter === 'SAMLResponse') {
    return singleLogout.answered(message, [parts.addresses().logoutUrl])
  }
  const { provider, id, sessions, others, isKnown } = await begin(parts, message)
  const response = await singleLogout.lead(others, (deliveries) =>
    answerTo(parts, { provider, message, inResponseTo: id, status: statusOf(isKnown, deliveries) }),
  )
  if (isOfThisBrowser(visit, sessions)) {
    for (const line of signedOutCookies(context)) response.headers.append('set-cookie', line)
  }
  return response
}

interface Answer {
  readonly provider: ResolvedServiceProvider
  /** The request. */
  readonly message: IncomingMessage
  readonly inResponseTo: string
  readonly status: readonly string[]
}

async function answerTo({ sender }: Parts, { provider, message, inResponseTo, status }: Answer) {
  const { binding, relayState } = message
  const front = provider.logout.filter((one) => one.binding !== 'soap')
  const service = front.find((one) => one.binding === binding) ?? front[0]
  if (!service) throw new SamlRefusal('unreachable', `"${provider.entityId}" has no address for the answer`)
  const route = { provider, binding: service.binding, url: service.responseUrl, relayState }
  const answer = await sender.logoutResponse(route, { inResponseTo, status })
  return answer.fields ? postPage(answer) : redirect(answer.url)
}

async function viaSoap(parts: Parts, text: string): Promise<Response> {
  const { provider, id, others, isKnown } = await begin(parts, fromEnvelope(text))
  const deliveries = await parts.singleLogout.call(others)
  const route = { provider, binding: 'soap', url: provider.entityId, relayState: undefined } as const
  const answer = { inResponseTo: id, status: statusOf(isKnown, deliveries), destination: undefined }
  const { body } = await parts.sender.logoutResponse(route, answer)
  return soapAnswer(body ?? '', 200)
}

/** What a SOAP client hears of a refusal. Source: SOAP 1.1, sections 4.4 and 6.2. */
export function soapFault(error: unknown): Response {
  if (!(error instanceof SamlRefusal)) throw error
  const fault = xml`<soap:Envelope xmlns:soap="${namespaces.soap}"><soap:Body><soap:Fault>
<faultcode>soap:Client</faultcode><faultstring>${error.message}</faultstring></soap:Fault></soap:Body></soap:Envelope>`
  return soapAnswer(fault.xml, 500)
}

const soapAnswer = (body: string, status: number) =>
  new Response(body, {
    status,
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-cache, no-store' },
  })

/** A form of another site brings no cookies: then it is the browser that the provider sent, as far as we know. */
const isOfThisBrowser = ({ held }: Visit, sessions: readonly KeptSession[]) =>
  sessions.length > 0 && (held.length === 0 || held.some(({ session }) => sessions.includes(session)))
