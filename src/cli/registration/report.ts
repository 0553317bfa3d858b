/** @module What is told of a registration: to a person or as JSON, and never a secret or a token. */
import { variableOf } from '../../config/environment.js'
import { rootFor } from '../../config/provider-name.js'
import { quote as inShell } from '../../issuing/key-file.js'
import { printable } from '../../printable.js'
import type { Console } from '../command.js'
import { createPaint, printableJson } from '../print.js'
import { type ClientFiles, fitsSecretFile, type KeptClient } from './client-file.js'
import type { Difference } from './differences.js'

/** A client that is registered. */
export interface RegisteredOutcome {
  readonly client: KeptClient
  readonly differences: readonly Difference[]
  readonly notes: readonly string[]
  /** Options that the application needs besides, by their path, in order to ask for what it is registered for. */
  readonly settings: readonly (readonly [path: string, value: string])[]
}

/** How it is told. */
export interface ReportRequest {
  /** What was done, as in `Registered`. */
  readonly title: string
  readonly files: ClientFiles
  readonly json: boolean
}

/** Tells it. Returns the exit code: 1 where nobody could sign in by it. */
export function reportClient(outcome: RegisteredOutcome, request: ReportRequest, console: Console): number {
  const { differences } = outcome
  if (request.json) console.out(toJson(outcome, request.files))
  else reportInWords(outcome, request, console)
  return differences.some(({ weight }) => weight === 'fail') ? 1 : 0
}

function toJson({ client, differences, notes }: RegisteredOutcome, files: ClientFiles): string {
  const { issuer, client_id: clientId, client_secret: secret, client_secret_expires_at: end = 0 } = client
  return printableJson({
    issuer,
    clientId,
    file: files.file,
    ...(isInFile(secret) && { secretFile: files.secretFile }),
    ...(end !== 0 && { secretEndsAt: end * 1000 }),
    differences,
    notes,
  })
}

function reportInWords(
  { client, differences, notes, settings }: RegisteredOutcome,
  { title, files }: ReportRequest,
  console: Console,
): void {
  const paint = createPaint(console)
  const all = [...notes, ...endOf(client, differences)].map((words) => ({ weight: 'warn' as const, words }))
  const said = differences.map(({ member, weight, asked, answered, meaning }) => ({
    weight,
    words: `${member}: asked for ${asked}, registered is ${answered}: ${meaning}`,
  }))
  console.out(paint('bold', printable(`${title} at ${client.issuer}: ${client.client_id}`)))
  for (const { weight, words } of [...said, ...all]) {
    console.out(`  ${paint(weight === 'fail' ? 'red' : 'yellow', weight)}  ${printable(words)}`)
  }
  if (differences.length === 0) console.out('  Everything is registered as it was asked for.')
  console.out('')
  for (const line of variablesFor(client, settings, files)) console.out(printable(line))
  console.out('')
  console.out(printable(`Keep ${files.file}: ${purposeOf(client)} The application does not need it.`))
}

const purposeOf = ({ registration_client_uri: uri, registration_access_token: token }: KeptClient): string =>
  uri === undefined || token === undefined
    ? 'it holds what the provider has given.'
    : 'it changes the registration.'

const isInFile = (secret: string | undefined): boolean => secret !== undefined && fitsSecretFile(secret)

function endOf(
  { client_secret_expires_at: end = 0 }: KeptClient,
  differences: readonly Difference[],
): readonly string[] {
  const isSaid = differences.some(({ member }) => member === 'client_secret_expires_at')
  if (end === 0 || isSaid) return []
  return [`the secret ends on ${new Date(end * 1000).toISOString()}: --update may bring another before`]
}

/** What to give the application. The id is the provider's word: it is quoted, so that no shell runs any of it. */
function variablesFor(
  { issuer, provider, client_id, client_secret }: KeptClient,
  settings: RegisteredOutcome['settings'],
  { secretFile }: ClientFiles,
): readonly string[] {
  const root = rootFor('oidc', { name: provider })
  const line = (option: string, value: string, end = '') =>
    `${variableOf(`${root}.${option}`)}${end}=${inShell(value)}`
  return [
    line('issuer', issuer),
    line('clientId', client_id),
    ...(!isInFile(client_secret) ? [] : [line('clientSecret', secretFile, '_FILE')]),
    ...settings.map(([option, value]) => line(option, value)),
  ]
}
