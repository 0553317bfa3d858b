/** @module The SAML identity provider mode put together. Loaded only where it is asked for: it needs xml-crypto. */
import type { Context } from '../context.js'
import { faultSet } from '../faults/saml.js'
import type { BrowserLogout } from '../mode.js'
import type { RouteHandler, Routes } from '../route.js'
import type { KeptSession } from '../sessions.js'
import type { Visit } from '../visit.js'
import { mailDomainOf } from './attributes.js'
import { createSamlPart } from './control-part.js'
import { createJudge } from './incoming.js'
import { createSamlKeys } from './keys.js'
import { createLogoutEndpoint, soapFault } from './logout-endpoint.js'
import { createMetadata, type SamlAddresses } from './metadata.js'
import type { SamlMode } from './mode.js'
import type { ResolvedSamlOptions } from './options.js'
import { createParticipations } from './participations.js'
import type { Parts } from './parts.js'
import { createPendingCalls } from './pending-calls.js'
import { createRefusals } from './refusals.js'
import { createRegistry } from './registry.js'
import { createSaml } from './saml.js'
import { createSender } from './sender.js'
import { createSignOn, type SignOn } from './sign-on.js'
import { createSingleLogout } from './single-logout.js'
import { randomId } from './xml.js'

/** Makes the mode over the parts of an emulator. @throws `emulator` when the metadata of a provider cannot be used. */
export async function createSamlMode(context: Context, options: ResolvedSamlOptions): Promise<SamlMode> {
  const parts = await createParts(context, options)
  const { participations, singleLogout } = parts
  const signOn = createSignOn(parts)
  // Somebody ended it without a browser that could be led on.
  context.sessions.onEnd((session) => {
    const taken = participations.take([session])
    if (taken.length > 0) void parts.calls.track(singleLogout.call(taken))
  })
  const saml = createSaml(parts, (sessions) => parts.calls.track(singleLogout.call(end(parts, sessions))))
  return {
    saml,
    controlPart: createSamlPart(saml),
    routes: routesOf(parts, signOn),
    get origins() {
      return originsOf(parts)
    },
    carry: participations.carry,
    leave: (logout) => leave(parts, logout),
    reset() {
      for (const part of [participations, singleLogout, parts.judge, parts.sender]) part.clear()
      for (const part of [signOn, parts.metadata, parts.refusals]) part.clear()
    },
  }
}

function routesOf(parts: Parts, signOn: SignOn): Routes {
  const { metadata, refusals, singleLogout } = parts
  const logout = createLogoutEndpoint(parts)
  const noted =
    (answer: (visit: Visit) => Promise<Response>): RouteHandler =>
    (_, visit) =>
      refusals.noting(() => answer(visit))
  return {
    'saml-metadata': { isApi: true, GET: (_, { request }) => metadata.answer(request) },
    'saml-sign-on': { takesForeignForms: true, GET: noted(signOn.get), POST: noted(signOn.post) },
    'saml-logout': { takesForeignForms: true, GET: noted(logout.get), POST: noted(logout.post) },
    'saml-soap': {
      isApi: true,
      POST: (_, visit) => refusals.noting(() => logout.soap(visit)).catch(soapFault),
    },
    'saml-continue': { GET: noted((visit) => singleLogout.proceed(visit.query)) },
  }
}

const originsOf = ({ registry }: Parts): readonly string[] => {
  const urls = registry
    .known()
    .flatMap((one) => [...one.acsUrls, ...one.logout.flatMap(({ url, responseUrl }) => [url, responseUrl])])
  return [...new Set(urls.map((url) => new URL(url).origin))]
}

/** Ends sessions. Returns who took part in them and is to be told. */
function end({ context, participations }: Parts, sessions: readonly KeptSession[]) {
  const taken = participations.take(sessions)
  for (const session of sessions) context.sessions.end(session)
  return taken
}

async function leave(parts: Parts, { sessions, finish, cookies }: BrowserLogout): Promise<Response> {
  let isFinished = false
  const response = await parts.singleLogout.lead(end(parts, sessions), (_, isLater) => {
    isFinished = true
    return finish(isLater)
  })
  // The cookies go with the first answer, whatever it is.
  if (!isFinished) for (const line of cookies) response.headers.append('set-cookie', line)
  return response
}

async function createParts(context: Context, options: ResolvedSamlOptions): Promise<Parts> {
  const { now, people } = context
  const { random, fetch } = context.options
  const settings = () => context.gate.faults.settings.saml
  const addresses = () => addressesOf(context.url(), options)
  const entityId = () => addresses().entityId
  const keys = await createSamlKeys({
    now,
    random,
    commonName: () => new URL(context.url()).hostname,
    certificateSeconds: options.certificateSeconds,
  })
  const registry = createRegistry({ registrations: options.registrations, fetch, now, keepSeconds: 300 })
  const judge = createJudge({ registry, now })
  const sender = createSender({ options, keys, random, now, entityId, faults: settings })
  return {
    context,
    options,
    keys,
    registry,
    judge,
    sender,
    addresses,
    refusals: createRefusals(now),
    calls: createPendingCalls(),
    participations: createParticipations({
      random,
      entityId,
      person: ({ username }) => people.find(username),
      mailDomain: () => mailDomainOf(context.options.domain, context.url()),
    }),
    singleLogout: createSingleLogout({
      sender,
      find: registry.find,
      judge: judge.judge,
      fetch,
      now,
      newId: () => randomId(random),
      frontChannel: options.frontChannel,
      proceedPath: '/saml/continue',
      soapDestinations: () => [addresses().soapUrl, entityId()],
    }),
    metadata: createMetadata({
      options,
      keys,
      random,
      now,
      addresses,
      faults: () => faultSet(settings(), 'metadata'),
    }),
  }
}

function addressesOf(url: string, { entityId }: ResolvedSamlOptions): SamlAddresses {
  const metadataUrl = `${url}/saml/metadata`
  return {
    entityId: entityId ?? metadataUrl,
    metadataUrl,
    ssoUrl: `${url}/saml/sso`,
    logoutUrl: `${url}/saml/slo`,
    soapUrl: `${url}/saml/soap`,
  }
}
