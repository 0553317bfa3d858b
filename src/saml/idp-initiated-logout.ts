/** @module Single logout that begins at the provider: its request ends sessions here, and is answered with the truth. */
import type { KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import type {
  EndedSessions,
  ProtocolSession,
  ProviderSessionScope,
  SessionIndexKey,
} from '../protocols/sessions.js'
import type { EndReason } from '../session-record.js'
import { personOf } from '../sessions/record.js'
import { type LogoutRequest, readLogoutRequest } from './logout-request.js'
import { writeLogoutResponse } from './logout-response.js'
import type { MessageRules } from './message.js'
import type { IdentityProviderMetadata } from './metadata.js'
import { isNamedBy, isSameNameId } from './name-id.js'
import { type Named, soughtKeys } from './name-keys.js'
import { nobodyToTell } from './pages.js'
import { type Received, verifyWithKeys } from './receive-message.js'
import { chooseEndpoint, type ServiceProvider, uncached } from './service-provider.js'
import { readEnvelope, soapType, writeEnvelope } from './soap.js'
import type { Status } from './status.js'
import { nameOfSubject, openName, subjectOf } from './stored-name-id.js'
import type { XmlElement } from './xml/parse.js'
import { verifySignature } from './xml/signature.js'

/** The provider's requests. */
export interface IdpInitiatedLogout {
  /** A request that came by the browser. */
  answer(exchange: Exchange, received: Received): Promise<Reply>
  /** `POST saml/soap`. */
  answerSoap(exchange: Exchange): Promise<Reply>
}

const success: Status = { code: 'Success', subcode: undefined }
/** Core 3.7.3.2: our part could not be done, or nobody can say that it is. */
const unfinished: Status = { code: 'Responder', subcode: 'PartialLogout' }
const unknownPrincipal: Status = { code: 'Requester', subcode: 'UnknownPrincipal' }
/** Another session came with the request: nothing ends, unless the administrator asks. Source: SLO-10. */
const denied: Status = { code: 'Requester', subcode: 'RequestDenied' }

/** Makes the answers to the provider's requests. */
export function createIdpInitiatedLogout(provider: ServiceProvider): IdpInitiatedLogout {
  const { host, options, parties, addresses, takeOnce } = provider
  const issuer = options.identityProvider

  /** Verifies and reads in one step, so that a request is never half of one key's and half of another's. */
  const read = (verify: (keys: readonly KeyObject[]) => XmlElement, rules: MessageRules) =>
    verifyWithKeys(provider, (keys) => readLogoutRequest(verify(keys), rules, options.decryptionKeys))

  /** An administrator's end is followed by a new authentication alone, the person's own by any that is later. */
  const reasonOf = ({ isByAdministrator }: LogoutRequest): EndReason =>
    isByAdministrator ? 'revoked' : 'identity-ended'

  const subjectFor = ({ nameId }: LogoutRequest): string => subjectOf(nameId, parties, options.nameIdFormat)

  /** Every session that the request names, on all instances, found by name and index and never by a cookie. */
  const endNamed = async (request: LogoutRequest): Promise<readonly EndedSessions[]> => {
    const { nameId, sessionIndexes } = request
    const reason = reasonOf(request)
    if (sessionIndexes.length === 0) {
      return [await host.sessions.revokeByIndex(await pointersTo({ nameId }, 'person'), 'all', reason)]
    }
    const results: EndedSessions[] = []
    for (const sessionIndex of sessionIndexes) {
      const pointers = await pointersTo({ nameId, sessionIndex }, 'session')
      const scope = { sessionValue: sessionIndex, issuer }
      results.push(await host.sessions.revokeByIndex(pointers, scope, reason))
    }
    return results
  }

  const pointersTo = async (
    named: Named,
    kind: SessionIndexKey['kind'],
  ): Promise<readonly SessionIndexKey[]> => {
    const { keys, earlier } = soughtKeys(named, parties, options.nameIdFormat)
    const toPointer = (key: string): SessionIndexKey => ({ key, kind })
    const known = await Promise.all(
      earlier.map(async (key) => ((await host.sessions.isIndexed(toPointer(key))) ? [toPointer(key)] : [])),
    )
    return [...keys.map(toPointer), ...known.flat()]
  }

  /** Sessions of the shared cookie, where it is in use: of the same name, and those that the browser brings. */
  const endShared = async (
    exchange: Exchange | undefined,
    session: ProtocolSession | undefined,
    request: LogoutRequest,
  ): Promise<readonly EndedSessions[]> => {
    const [sharedIssuer, ...otherIssuers] = host.options.identityProvider?.issuers ?? []
    const { value, format } = request.nameId
    // The shared cookie knows a person by a value alone: with another qualifier it is somebody else's.
    const isPlain = isSameNameId(request.nameId, { value, format }, parties)
    if (sharedIssuer === undefined || !isPlain) return []
    const person = { issuer: sharedIssuer, subject: value }
    const results: EndedSessions[] = []
    const end = async (of: typeof person, scope: ProviderSessionScope): Promise<void> => {
      const result = await host.sessions.revoke(of, scope, 'revoked')
      // Whether the shared cookie's sessions know the name shows only in what has ended.
      results.push({ ...result, persons: result.ended > 0 ? 1 : 0 })
    }
    // What is revoked by a session's value is revoked for each of the shared cookie's issuers.
    for (const sessionValue of request.sessionIndexes)
      await end(person, { sessionValue, issuer: sharedIssuer })
    if (request.sessionIndexes.length === 0) {
      await end(person, 'all')
      for (const other of otherIssuers) await end({ issuer: other, subject: value }, 'all')
    }
    if (exchange === undefined) return results
    // Anybody can bring a request that was made for themselves into the browser of another: SLO-10.
    const isOwn =
      session !== undefined ||
      (await host.sessions.person(exchange)) === personOf(issuer, subjectFor(request))
    const named = [sharedIssuer, ...otherIssuers].map((other) => personOf(other, value))
    const acknowledged = await host.endShared(exchange, 'revoked', isOwn ? undefined : named)
    return [...results, { persons: 0, ended: 0, acknowledged, tokens: [] }]
  }

  /** One that the browser brings and that fits is meant, whether or not a key finds it: it may have no index. */
  const endBrought = async (
    session: ProtocolSession | undefined,
    request: LogoutRequest,
  ): Promise<readonly EndedSessions[]> =>
    session === undefined ? [] : [await host.sessions.revokeThis(session, reasonOf(request))]

  /** Ends everything and says what came of it. */
  const carryOut = async (
    exchange: Exchange | undefined,
    session: ProtocolSession | undefined,
    request: LogoutRequest,
  ): Promise<Status> => {
    const results = [
      ...(await endNamed(request)),
      ...(await endShared(exchange, session, request)),
      ...(await endBrought(session, request)),
    ]
    if (results.some(({ acknowledged }) => !acknowledged)) return unfinished
    return results.some(({ persons }) => persons > 0) ? success : unknownPrincipal
  }

  /** Whether the request came with the session of somebody else, or with another one of the same person. */
  const isForAnother = (session: ProtocolSession | undefined, request: LogoutRequest): boolean => {
    if (session === undefined) return false
    const kept = session.tokens === undefined ? undefined : openName(session.tokens)
    const name = kept?.nameId ?? nameOfSubject(session.subject, options.nameIdFormat)
    if (!isNamedBy(name, request.nameId)) return true
    const { sessionIndexes } = request
    return (
      sessionIndexes.length > 0 &&
      kept?.sessionIndex !== undefined &&
      !sessionIndexes.includes(kept.sessionIndex)
    )
  }

  const statusOf = async (
    exchange: Exchange | undefined,
    request: LogoutRequest,
    { now, skew }: MessageRules,
  ): Promise<Status> => {
    const { id, expiresAt } = request
    try {
      const work = async (): Promise<Status> => {
        const session = exchange && (await host.sessions.current(exchange))
        const isOther = isForAnother(session, request)
        if (isOther && !request.isByAdministrator) return denied
        const status = isOther
          ? await carryOut(undefined, undefined, request)
          : await carryOut(exchange, session, request)
        if (exchange !== undefined && session !== undefined && !isOther) {
          host.sessions.dropCookie(exchange)
          host.clearLogins(exchange)
        }
        return status
      }
      const message = { kind: 'logout', issuer, id, expiresAt, now, skew }
      return await takeOnce(message, work, (status) => status !== unfinished)
    } catch (error) {
      // The provider asked and gets an answer: nothing of ours may be told to have ended.
      if (error instanceof CitizenSessionError && error.isTransient) return unfinished
      throw error
    }
  }

  const write = (request: LogoutRequest, destination: string | undefined, status: Status): string =>
    writeLogoutResponse({
      id: provider.createId(),
      inResponseTo: request.id,
      issuer: provider.entityId,
      destination,
      now: provider.now(),
      status,
    })

  const endpointFor = (metadata: IdentityProviderMetadata, binding: 'redirect' | 'post') => {
    const other = binding === 'redirect' ? 'post' : 'redirect'
    return chooseEndpoint(metadata.logout, undefined, [binding, other] as const)
  }

  return {
    async answer(exchange, received) {
      const rules = provider.rulesFor(addresses.logout)
      const { value: request, metadata } = await read(received.verify, rules)
      const status = await statusOf(exchange, request, rules)
      const endpoint = endpointFor(metadata, received.binding)
      if (endpoint === undefined) return host.pages.showPage(exchange, { ...nobodyToTell, status: 200 })
      const { binding, responseLocation: destination } = endpoint
      const xml = write(request, destination, status)
      const { relayState } = received
      // Providers send their requests in frames too: theirs may show our answer, and nobody else's.
      const frame = new URL(destination).origin
      return provider.reply(exchange, { kind: 'SAMLResponse', xml, binding, destination, relayState }, frame)
    },

    async answerSoap(exchange) {
      const { document, message } = readEnvelope(await exchange.body(longestEnvelope))
      const rules = provider.rulesFor(addresses.soap, false)
      const verify = (keys: readonly KeyObject[]) => verifySignature(document, message, keys).root
      const { value: request } = await read(verify, rules)
      const status = await statusOf(undefined, request, rules)
      const body = writeEnvelope(provider.sign(write(request, undefined, status)))
      return { status: 200, headers: { ...uncached, 'content-type': soapType }, body }
    },
  }
}

const longestEnvelope = 262_144
