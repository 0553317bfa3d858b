/**
 * @module Registers the application at its OpenID provider, and reads, updates and deletes that. Sources: RFC 7591,
 * RFC 7592, OpenID Connect Dynamic Client Registration 1.0.
 */
import type { Environment } from '../../config/environment.js'
import { parseUrl } from '../../parse-url.js'
import { printable } from '../../printable.js'
import { type Console, untilStopped, usageError } from '../command.js'
import { ask, explainSilence, type Visited } from '../doctor/visits.js'
import { codeOf } from '../environment.js'
import { printableJson } from '../print.js'
import { ProbeError, type ProbeRequest } from '../probe.js'
import { judgeAnswer, mostAnswerBytes, type RegistrationAnswer } from './answer.js'
import {
  assertRoom,
  type ClientFiles,
  clientFilesOf,
  fitsSecretFile,
  type KeptClient,
  readClient,
  removeFiles,
  reserveFiles,
  writeClient,
} from './client-file.js'
import { type DescribedApplication, describeClient } from './described.js'
import { type AskedClient, type Difference, differencesIn } from './differences.js'
import {
  openPlace,
  type PlaceArguments,
  type RegistrationPlace,
  readInitialToken,
  readOffer,
} from './place.js'
import { type RegisteredOutcome, reportClient } from './report.js'

/** What is to be done with the registration. */
export type RegistrationAction = 'register' | 'read' | 'update' | 'delete'

/** The arguments of an action. */
export interface ActionArguments extends PlaceArguments {
  readonly file?: string | undefined
  readonly 'initial-token-file'?: string | undefined
  readonly scope?: string | undefined
  readonly implicit?: boolean | undefined
  readonly hybrid?: boolean | undefined
  readonly json?: boolean | undefined
}

/** How the provider is reached. */
export type Reach = Parameters<typeof openPlace>[2]

/** What an action stands on. */
interface Work {
  readonly action: RegistrationAction
  readonly values: ActionArguments
  readonly application: DescribedApplication
  readonly place: RegistrationPlace
  readonly files: ClientFiles
  readonly console: Console
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What came of it. */
type Outcome =
  | (RegisteredOutcome & { readonly kind: 'client' })
  | { readonly kind: 'deleted' }
  | { readonly kind: 'failed'; readonly reason: string }

/** Does it. Returns the exit code. @throws `usage` */
export async function runAction(
  action: RegistrationAction,
  values: ActionArguments,
  {
    application,
    console,
    reach,
  }: {
    readonly application: DescribedApplication
    readonly console: Console
    readonly reach: Reach
  },
): Promise<number> {
  if (values.file === undefined)
    throw usageError('--file is missing: where the client is kept, such as openid-client.json')
  const files = clientFilesOf(values.file)
  const { environment } = application
  const kept = action === 'register' ? undefined : await readClient(files)
  const place = openPlace(kept === undefined ? values : placeOfKept(values, kept, files), environment, reach)
  const work: Work = { action, values, application, place, files, console, now: reach.clock() }
  const outcome = await (kept === undefined ? register(work, environment) : manage(work, kept))
  if (outcome.kind === 'failed') {
    console.err(printable(`citizen-session registration: ${outcome.reason}`))
    return 1
  }
  const { json = false } = values
  if (outcome.kind === 'client') {
    const title = action === 'update' ? 'Updated' : 'Registered'
    return reportClient(outcome, { title, files, json }, console)
  }
  const { issuer } = place.options
  const words = printable(`Deleted at ${issuer}; ${files.file} and the secret beside it are gone.`)
  console.out(json ? printableJson({ issuer, deleted: true }) : words)
  return 0
}

/** The provider that a kept client is registered at: an argument may repeat it, and not say another. */
function placeOfKept(values: ActionArguments, kept: KeptClient, { file }: ClientFiles): PlaceArguments {
  const { issuer, provider } = kept
  const said = [
    ['--openid-issuer', values['openid-issuer'], issuer],
    ['--provider', values.provider, provider],
  ] as const
  for (const [argument, given, known] of said) {
    if (given !== undefined && given !== known) {
      throw usageError(`${argument}: the client in ${file} is registered at ${known ?? issuer}`)
    }
  }
  return { ...values, provider, 'openid-issuer': issuer }
}

async function register(work: Work, environment: Environment): Promise<Outcome> {
  const { values, place, files, console } = work
  const source = values['initial-token-file']
  const token = await untilStopped(readInitialToken(source, place, { environment, console }), console)
  if (console.stop.aborted) return { kind: 'failed', reason: 'stopped; nothing was registered' }
  const offer = await readOffer(place, values['registration-endpoint'])
  if ('problem' in offer) return { kind: 'failed', reason: offer.problem }
  const asked = askedOf(work, methodAmong(offer.methods))
  await reserveFiles(files)
  const url = place.place(offer.endpoint)
  const answer = await ask(place.probe, requestOf({ method: 'POST', url, token, body: asked }))
  const judged = judge(work, answer, { url })
  if (judged.kind !== 'client') {
    await removeFiles(files)
    return {
      kind: 'failed',
      reason: reasonOf(judged, 'whether a client was registered cannot be told: look at the provider'),
    }
  }
  const problem = await keep(work, judged)
  return problem === undefined ? conclude(work, judged, asked) : withdraw(work, judged, problem)
}

/** A client whose secret nobody has is of use to nobody: it is deleted again, or somebody must be told that it is there. */
async function withdraw(
  { place, files }: Work,
  { client }: RegisteredClient,
  problem: string,
): Promise<Outcome> {
  const { client_id: id, registration_client_uri: own, registration_access_token: token } = client
  const answer =
    own === undefined || token === undefined || !place.origins.has(parseUrl(own)?.origin ?? '')
      ? undefined
      : await ask(place.probe, requestOf({ method: 'DELETE', url: place.place(own), token, body: undefined }))
  const isGone = answer !== undefined && !(answer instanceof ProbeError) && answer.status === 204
  await removeFiles(files).catch(() => undefined)
  const left = `the client ${id} is registered at ${client.issuer}, and its secret is lost: delete it there`
  return { kind: 'failed', reason: `${problem}; ${isGone ? 'the client was deleted again' : left}` }
}

/** Reads, updates or deletes what is registered, at the client's own address and by its own token. */
async function manage(work: Work, kept: KeptClient): Promise<Outcome> {
  const { action, place, files } = work
  const { registration_client_uri: own, registration_access_token: token } = kept
  if (own === undefined || token === undefined) {
    return {
      kind: 'failed',
      reason: `${files.file} names no way to the registration: it can be changed at the provider only`,
    }
  }
  if (!place.origins.has(parseUrl(own)?.origin ?? '')) {
    return {
      kind: 'failed',
      reason: `${own} is none of the provider’s addresses: name its origin with --openid-origin`,
    }
  }
  if (action !== 'delete') await assertRoom(files)
  const url = place.place(own)
  const asked = askedOf(work, kept.token_endpoint_auth_method ?? methodAmong([]))
  const { client_id, client_secret } = kept
  const body =
    action === 'update'
      ? { ...asked, client_id, ...(client_secret !== undefined && { client_secret }) }
      : undefined
  const method = action === 'read' ? 'GET' : action === 'update' ? 'PUT' : 'DELETE'
  const answer = await ask(place.probe, requestOf({ method, url, token, body }))
  if (action === 'delete' && !(answer instanceof ProbeError) && answer.status === 204) {
    const left = await removeFiles(files).then(
      () => undefined,
      (cause: unknown) => `${files.file} and the secret beside it could not be removed (${codeOf(cause)})`,
    )
    if (left === undefined) return { kind: 'deleted' }
    return { kind: 'failed', reason: `the client is deleted at ${kept.issuer}; ${left}: remove them` }
  }
  const judged = judge(work, answer, { url, kept })
  const look = '--read says what is registered'
  if (action === 'delete') {
    const doubt = `only 204 says that the client is deleted: ${look}`
    const reason = judged.kind === 'client' ? 'the answer is a client' : judged.reason
    return { kind: 'failed', reason: reasonOf({ kind: kindOfFailure(judged), reason }, doubt) }
  }
  if (judged.kind !== 'client') {
    return { kind: 'failed', reason: reasonOf(judged, `whether it was changed cannot be told: ${look}`) }
  }
  const problem = await keep(work, judged)
  if (problem === undefined) return conclude(work, judged, asked)
  const lost = `${files.file} is as it was; a new secret or token, if the provider gave one, is lost: ${look}`
  return { kind: 'failed', reason: `${problem}; ${lost}` }
}

type RegisteredClient = Extract<RegistrationAnswer, { kind: 'client' }>

/** Keeps what the provider says before anything else: a secret or a token that is lost is lost for good. */
async function keep({ files }: Work, { client }: RegisteredClient): Promise<string | undefined> {
  try {
    await writeClient(files, client)
    return undefined
  } catch (cause) {
    return `${files.file} and the secret beside it could not be written (${codeOf(cause)})`
  }
}

function conclude(
  { place, now }: Work,
  { client, metadata, notes }: RegisteredClient,
  asked: AskedClient,
): Outcome {
  const { idTokenAlgorithms } = place.options
  const differences = differencesIn(asked, metadata, { idTokenAlgorithms })
  return {
    kind: 'client',
    client,
    notes,
    differences: [...differences, ...secretFaults(client, asked, now)],
    settings: settingsFor(asked, place),
  }
}

/** What the application does not ask for by its variables, and has been registered for. */
function settingsFor(
  { scope, response_types }: AskedClient,
  { options: { responseType, sessionManagement, ...options } }: RegistrationPlace,
): RegisteredOutcome['settings'] {
  const has = (type: string): boolean => response_types.some((each) => each === type)
  const [hybrid, implicit] = ['code id_token', 'id_token']
  return [
    ...(scope === options.scope ? [] : [['scope', scope] as const]),
    ...(has(hybrid) && responseType !== hybrid ? [['responseType', hybrid] as const] : []),
    ...(has(implicit) && sessionManagement.responseType !== implicit
      ? [['sessionManagement.responseType', implicit] as const]
      : []),
  ]
}

/** Why the application cannot prove itself by the secret that is kept. */
function secretFaults(client: KeptClient, asked: AskedClient, now: number): readonly Difference[] {
  const { client_secret: secret, client_secret_expires_at: end = 0 } = client
  const needsSecret = asked.token_endpoint_auth_method.startsWith('client_secret')
  const fault = (member: string, words: Pick<Difference, 'asked' | 'answered' | 'meaning'>) => ({
    member,
    weight: 'fail' as const,
    ...words,
  })
  if (secret === undefined) {
    const words = { asked: 'a secret', answered: 'nothing', meaning: 'the client cannot prove itself' }
    return needsSecret ? [fault('client_secret', words)] : []
  }
  const unfit = {
    asked: 'a text of one line, without blanks at its ends',
    answered: 'another',
    meaning: 'no variable and no file can carry it: it is kept here alone; give it to clientSecret in code',
  }
  const ended = {
    asked: 'a time to come',
    answered: new Date(end * 1000).toISOString(),
    meaning: 'the secret has ended: --update may bring another',
  }
  return [
    ...(fitsSecretFile(secret) ? [] : [fault('client_secret', unfit)]),
    ...(end === 0 || end * 1000 > now ? [] : [fault('client_secret_expires_at', ended)]),
  ]
}

const rulesOf = ({ name, options, origins }: RegistrationPlace, kept?: KeptClient) => ({
  issuer: options.issuer,
  provider: name,
  origins,
  kept,
})

/** What is asked for: as the application is described, with a way to prove itself that is known to be good there. */
function askedOf({ values, application, place }: Work, usualMethod: string): AskedClient {
  const { scope, implicit = false, hybrid = false } = values
  const { code_challenge_methods: _sheet, ...client } = describeClient(application, {
    name: place.name,
    scope,
    implicit,
    hybrid,
  })
  return { ...client, token_endpoint_auth_method: client.token_endpoint_auth_method ?? usualMethod }
}

/** As the application chooses it where nothing is said. */
const methodAmong = (methods: readonly string[]): string =>
  methods.includes('client_secret_post') && !methods.includes('client_secret_basic')
    ? 'client_secret_post'
    : 'client_secret_basic'

function requestOf(request: {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly token: string | undefined
  readonly body: object | undefined
}): ProbeRequest {
  const { method, url, token, body } = request
  return {
    method,
    url,
    maximumBytes: mostAnswerBytes,
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  }
}

type Failure = Pick<Exclude<RegistrationAnswer, { kind: 'client' }>, 'kind' | 'reason'>

/** What an answer, or a silence, comes to: of some silences it is known that nothing has arrived. */
function judge(
  { place, console }: Work,
  answer: Visited,
  { url, kept }: { readonly url: string; readonly kept?: KeptClient },
): RegistrationAnswer {
  if (!(answer instanceof ProbeError)) return judgeAnswer(answer, rulesOf(place, kept))
  if (console.stop.aborted) return { kind: 'unusable', reason: 'stopped' }
  const { reason } = explainSilence(answer, url)
  const isUntouched = ['refused', 'unknown-host', 'certificate', 'not-allowed'].includes(answer.problem)
  return { kind: isUntouched ? 'refused' : 'unusable', reason }
}

const kindOfFailure = ({ kind }: RegistrationAnswer): Failure['kind'] =>
  kind === 'refused' ? kind : 'unusable'

const reasonOf = ({ kind, reason }: Failure, doubt: string): string =>
  kind === 'refused' ? reason : `${reason}; ${doubt}`
