/**
 * @module Registers the application at its OpenID provider, and reads, updates and deletes that. Sources: RFC 7591,
 * RFC 7592, OpenID Connect Dynamic Client Registration 1.0.
 */
import type { Environment } from '../../config/environment.js'
import { parseUrl } from '../../parse-url.js'
import { printable } from '../../printable.js'
import { type Console, untilStopped, usageError } from '../command.js'
import { ask, explainSilence } from '../doctor/visits.js'
import { printableJson } from '../print.js'
import { type ProbeAnswer, ProbeError, type ProbeRequest } from '../probe.js'
import { judgeAnswer, mostAnswerBytes, type RegistrationAnswer } from './answer.js'
import {
  type ClientFiles,
  clientFilesOf,
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
  const work: Work = { action, values, application, place, files, console }
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
  const judged = answer instanceof ProbeError ? silence(answer, url) : judgeAnswer(answer, rulesOf(place))
  if (judged.kind !== 'client') {
    await removeFiles(files)
    return {
      kind: 'failed',
      reason: reasonOf(judged, 'whether a client was registered cannot be told: look at the provider'),
    }
  }
  return conclude(work, judged, asked)
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
    await removeFiles(files)
    return { kind: 'deleted' }
  }
  const judged =
    answer instanceof ProbeError ? silence(answer, url) : judgeAnswer(answer, rulesOf(place, kept))
  if (action === 'delete' && judged.kind === 'client') {
    return {
      kind: 'failed',
      reason: `the answer is ${(answer as ProbeAnswer).status}, and only 204 says that the client is deleted`,
    }
  }
  return judged.kind === 'client'
    ? conclude(work, judged, asked)
    : {
        kind: 'failed',
        reason: reasonOf(judged, 'whether it was changed cannot be told: --read says what is registered'),
      }
}

/** Keeps what the provider says before anything else: a secret or a token that is lost is lost for good. */
async function conclude(
  { place, files }: Work,
  { client, metadata, notes }: Extract<RegistrationAnswer, { kind: 'client' }>,
  asked: AskedClient,
): Promise<Outcome> {
  await writeClient(files, client)
  const { idTokenAlgorithms } = place.options
  const differences = differencesIn(asked, metadata, { idTokenAlgorithms })
  const needsSecret = asked.token_endpoint_auth_method.startsWith('client_secret')
  const lacksSecret = needsSecret && client.client_secret === undefined
  return {
    kind: 'client',
    client,
    notes,
    differences: lacksSecret ? [...differences, noSecret] : differences,
  }
}

const noSecret: Difference = {
  member: 'client_secret',
  weight: 'fail',
  asked: 'a secret',
  answered: 'nothing',
  meaning: 'the client cannot prove itself',
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

type Failure = Exclude<RegistrationAnswer, { kind: 'client' }>

/** No answer came: of some silences it is known that nothing has arrived. */
function silence(error: ProbeError, url: string): Failure {
  const { reason } = explainSilence(error, url)
  const isUntouched = ['refused', 'unknown-host', 'certificate', 'not-allowed'].includes(error.problem)
  return { kind: isUntouched ? 'refused' : 'unusable', reason }
}

const reasonOf = ({ kind, reason }: Failure, doubt: string): string =>
  kind === 'refused' ? reason : `${reason}; ${doubt}`
