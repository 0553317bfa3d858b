/** @module The SAML identity provider mode put together. Loaded only where it is asked for: it needs xml-crypto. */
import type { Context } from '../context.js'
import { faultSet } from '../faults/saml.js'
import type { RouteHandler } from '../route.js'
import type { KeptSession } from '../sessions.js'
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
import { SamlRefusal } from './refusal.js'
import { createRegistry } from './registry.js'
import { createSaml, type SamlRefused } from './saml.js'
import { createSender } from './sender.js'
import { createSignOn } from './sign-on.js'
import { createSingleLogout, type SamlDelivery } from './single-logout.js'
import { randomId } from './xml.js'

/** Makes the mode over the parts of an emulator. @throws `emulator` when the metadata of a provider cannot be used. */
export async function createSamlMode(context: Context, options: ResolvedSamlOptions): Promise<SamlMode> {
  const parts = await createParts(context, options)
  const { participations, singleLogout, judge, sender } = parts
  const signOn = createSignOn(parts)
  const logout = createLogoutEndpoint(parts)
  const calls = new Set<Promise<unknown>>()
  let refusals: SamlRefused[] = []

  function track<T>(call: Promise<T>): Promise<T> {
    calls.add(call)
    const forget = () => calls.delete(call)
    call.then(forget, forget)
    return call
  }

  const recorded =
    (handler: RouteHandler): RouteHandler =>
    async (given, visit) => {
      try {
        return await handler(given, visit)
      } catch (error) {
        if (error instanceof SamlRefusal) {
          const { problem, message } = error
          refusals = [...refusals, { at: context.now(), problem, message }].slice(-500)
        }
        throw error
      }
    }

  const takeSoap = recorded((_, visit) => logout.soap(visit))

  async function end(sessions: readonly KeptSession[]): Promise<readonly SamlDelivery[]> {
    const taken = participations.take(sessions)
    for (const session of sessions) context.sessions.end(session)
    return track(singleLogout.call(taken))
  }

  // Somebody ended it without a browser that could be led on.
  context.sessions.onEnd((session) => {
    const taken = participations.take([session])
    if (taken.length > 0) void track(singleLogout.call(taken))
  })

  const saml = createSaml(parts, {
    refusals: () => [...refusals],
    end,
    async settled() {
      while (calls.size > 0) await Promise.allSettled(calls)
    },
  })
  return {
    saml,
    controlPart: createSamlPart(saml),
    routes: {
      'saml-metadata': { isApi: true, GET: (_, { request }) => parts.metadata.answer(request) },
      'saml-sign-on': {
        takesForeignForms: true,
        GET: recorded((_, visit) => signOn.get(visit)),
        POST: recorded((_, visit) => signOn.post(visit)),
      },
      'saml-logout': {
        takesForeignForms: true,
        GET: recorded((_, visit) => logout.get(visit)),
        POST: recorded((_, visit) => logout.post(visit)),
      },
      'saml-soap': {
        isApi: true,
        POST: async (given, visit) => {
          try {
            return await takeSoap(given, visit)
          } catch (error) {
            return soapFault(error)
          }
        },
      },
      'saml-continue': { GET: recorded((_, visit) => singleLogout.proceed(visit.query)) },
    },
    get origins() {
      const urls = parts.registry
        .known()
        .flatMap((one) => [
          ...one.acsUrls,
          ...one.logout.flatMap(({ url, responseUrl }) => [url, responseUrl]),
        ])
      return [...new Set(urls.map((url) => new URL(url).origin))]
    },
    carry: participations.carry,
    async leave({ sessions, finish, cookies }) {
      const taken = participations.take(sessions)
      for (const session of sessions) context.sessions.end(session)
      let isFinished = false
      const response = await singleLogout.lead(taken, (_, isLater) => {
        isFinished = true
        return finish(isLater)
      })
      // The cookies go with the first answer, whatever it is.
      if (!isFinished) for (const line of cookies) response.headers.append('set-cookie', line)
      return response
    },
    reset() {
      participations.clear()
      singleLogout.clear()
      judge.clear()
      sender.clear()
      signOn.clear()
      parts.metadata.clear()
      refusals = []
    },
  }
}

async function createParts(context: Context, options: ResolvedSamlOptions): Promise<Parts> {
  const { now, people } = context
  const { random, fetch } = context.options
  const settings = () => context.gate.faults.settings.saml
  const addresses = (): SamlAddresses => {
    const url = context.url()
    const metadataUrl = `${url}/saml/metadata`
    return {
      entityId: options.entityId ?? metadataUrl,
      metadataUrl,
      ssoUrl: `${url}/saml/sso`,
      logoutUrl: `${url}/saml/slo`,
      soapUrl: `${url}/saml/soap`,
    }
  }
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
