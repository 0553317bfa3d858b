/** @module `citizen-session doctor`: checks a deployment from its configuration and from outside. */
import { parseArgs } from 'node:util'
import { printable } from '../printable.js'
import { type Command, type Console, untilStopped, usageError } from './command.js'
import { type Diagnosis, diagnose } from './doctor/diagnose.js'
import { type Finding, type FindingState, withoutPasswords } from './doctor/finding.js'
import { readProtocolArguments, toOrigin } from './doctor/protocol-arguments.js'
import { readEnvironment } from './environment.js'
import { readCertificates, readTimeout } from './network-arguments.js'
import { createPaint, printableJson, type Style, wrap } from './print.js'
import { findTokens, readSource } from './token/read.js'

const help = `Usage: citizen-session doctor [options]

Checks a deployment: the configuration (the variables that the application has), then from outside the identity
providers, the applications and the store that it names. Every line says what was found, why it matters and what to do.
Nothing is changed and nobody is signed in or out.

  --url <origin>         a sibling application to look at besides CITIZEN_APPLICATION_URL, may be repeated
  --openid-issuer <url>  an OpenID provider to look at, as issuer of oidc({ … }), where it is in code and not in the
                         variables CITIZEN_OIDC_…; with it, or with --saml-metadata, the variables of the shared
                         cookie, or all variables, may be left out
  --openid-origin <url>  another origin on which its endpoints may lie, may be repeated
  --openid-internal <url>  what takes the place of its origin in calls from here, as internalUrl of oidc({ … })
  --saml-metadata <url>  metadata of a SAML identity provider to look at, an address or a file, where it is in code
                         and not in the variables CITIZEN_SAML_…
  --saml-entity <id>     the provider in it, where it describes several
  --saml-certificate <path>  certificates (PEM) of which one must have signed it, as metadataCertificates of saml({ … })
  --env-file <path>      read variables from a file, may be repeated; the environment wins over it
  --token-file <path>    the Cookie header of a signed-in browser, or a token; - reads standard input.
                         Issuer, claims, sizes and the life of a token are then checked too
  --group-read           the group may read the private keys in CITIZEN_SSO_KEYS (0640)
  --ca <path>            certificates (PEM) to trust besides those of Node
  --timeout <seconds>    how long one answer is waited for; default 5
  --json                 print one JSON document
  --help                 this text

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 wrong usage.`

const options = {
  url: { type: 'string', multiple: true },
  'openid-issuer': { type: 'string' },
  'openid-origin': { type: 'string', multiple: true },
  'saml-metadata': { type: 'string' },
  'openid-internal': { type: 'string' },
  'saml-entity': { type: 'string' },
  'saml-certificate': { type: 'string' },
  'env-file': { type: 'string', multiple: true },
  'token-file': { type: 'string' },
  'group-read': { type: 'boolean' },
  ca: { type: 'string' },
  timeout: { type: 'string', default: '5' },
  json: { type: 'boolean' },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'the arguments cannot be read', cause)
  }
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const values = parse(args)
  const timeoutSeconds = readTimeout(values.timeout)
  const certificates = await readCertificates(values.ca)
  const source = values['token-file']
  const text = source === undefined ? undefined : await untilStopped(readSource(source, console), console)
  const examination = diagnose({
    environment: await readEnvironment(values['env-file'] ?? []),
    urls: (values.url ?? []).map((text) => toOrigin(text)),
    ...(await readProtocolArguments(values)),
    token: text === undefined ? undefined : (names) => findOne(text, names),
    certificates,
    timeoutSeconds,
    groupRead: values['group-read'],
    stop: console.stop,
  })
  const diagnosis = await untilStopped(examination, console)
  if (diagnosis === undefined) return 1
  const hasFailed = diagnosis.findings.some(({ state }) => state === 'fail')
  console.out(values.json === true ? toJson(diagnosis, !hasFailed) : report(diagnosis, console))
  return hasFailed ? 1 : 0
}

function findOne(text: string, names: Parameters<typeof findTokens>[1]) {
  const [first, ...others] = findTokens(text, names)
  if (first === undefined || others.length > 0) {
    throw usageError('--token-file: a part comes more than once; give the cookies of one signed-in browser')
  }
  return first
}

function count(findings: readonly Finding[]): Record<FindingState, number> {
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 }
  for (const { state } of findings) counts[state] += 1
  return counts
}

function toJson({ findings, policy }: Diagnosis, ok: boolean): string {
  const shown = policy.map((row) => ({ ...row, value: withoutPasswords(row.value) }))
  return printableJson({ ok, counts: count(findings), findings, policy: shown })
}

const styles: Readonly<Record<FindingState, Style>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
  skipped: 'dim',
}

function report({ findings, policy }: Diagnosis, console: Console): string {
  const paint = createPaint(console)
  const width = Math.max(...findings.map(({ check }) => check.length))
  const said = findings.filter(({ code }) => code !== 'no-configuration')
  const indent = width + 11
  const room = (console.columns ?? Number.POSITIVE_INFINITY) - indent
  const hanging = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => `${' '.repeat(indent)}${line}`)
  const lines = said.flatMap(({ check, state, target, reason, remedy }) => {
    const about = target === undefined ? '' : `${printable(target)}:`
    const [first = '', ...rest] = wrap(`${about} ${printable(reason)}`.trimStart(), room)
    const head = first.startsWith(about) ? `${paint('bold', about)}${first.slice(about.length)}` : first
    return [
      `${paint(styles[state], state.padEnd(7))}  ${check.padEnd(width)}  ${head}`,
      ...hanging(rest),
      ...(remedy === undefined
        ? []
        : hanging(wrap(`-> ${printable(remedy)}`, room).map((line) => paint('dim', line)))),
    ]
  })
  const { ok, warn, fail, skipped } = count(findings)
  if (said.length < findings.length) lines.push('Everything else needs a configuration that holds.')
  const rows = policy.map(({ setting, value }) => `  ${setting}: ${printable(withoutPasswords(value))}`)
  const failed = [...new Set(findings.filter(({ state }) => state === 'fail').map(({ check }) => check))]
  const warnings = `${warn} ${warn === 1 ? 'warning' : 'warnings'}`
  const verdict =
    failed.length === 0
      ? paint('green', warn === 0 ? 'Nothing failed.' : `Nothing failed; ${warnings}.`)
      : paint('red', `${fail} failed: ${failed.join(', ')}.`)
  return [
    verdict,
    '',
    ...lines,
    '',
    ...(rows.length === 0 ? [] : ['In force', ...rows, '']),
    `${ok} ok, ${warnings}, ${fail} failed, ${skipped} skipped`,
  ].join('\n')
}

/** The command. */
export const doctorCommand: Command = {
  summary: 'checks a deployment from its configuration and from outside',
  help,
  run,
}
