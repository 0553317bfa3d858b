/** @module Installs one plug-in, and refuses at the start what could sign nobody in. */
import { ConfigurationError } from '../errors.js'
import type { InstalledProtocol, Protocol, ProtocolHost } from '../protocols/protocol.js'
import { notingOldNames, renamedMembers, renameHint } from './plug-in-names.js'

/** Notes what is wrong with a member, by its path below the plug-in. */
type Note = (path: string, message: string) => void

/**
 * Installs a plug-in.
 * @throws ConfigurationError (`configuration`) with every member that is missing or wrong, or the names of 0.1.0
 */
export function installProtocol(protocol: Protocol, given: ProtocolHost): InstalledProtocol {
  const path = `protocols.${protocol.name}`
  const { host, found } = notingOldNames(given)
  let installed: unknown
  try {
    installed = protocol.install(host)
  } catch (cause) {
    if (!(cause instanceof TypeError) || Object.keys(found).length === 0) throw cause
    const error = new ConfigurationError([{ path, variable: '', message: renameHint(found) }])
    error.cause = cause
    throw error
  }
  const problems = problemsOf(installed).map(({ path: member, message }) => ({
    path: member === '' ? path : `${path}.${member}`,
    variable: '',
    message,
  }))
  if (problems.length > 0) throw new ConfigurationError(problems)
  return installed as InstalledProtocol
}

function problemsOf(installed: unknown): readonly { readonly path: string; readonly message: string }[] {
  const problems: { path: string; message: string }[] = []
  const note: Note = (path, message) => problems.push({ path, message })
  if (!isObject(installed) || typeof installed.then === 'function') {
    note('', 'write an install that returns the plug-in at work, an object and not a promise')
    return problems
  }
  const old = Object.entries(renamedMembers).filter(
    ([before, now]) => !isFunction(installed[now]) && isFunction(installed[before]),
  )
  if (old.length > 0) {
    note('', renameHint(Object.fromEntries(old)))
    return problems
  }
  for (const name of ['issuer', 'target']) {
    if (!isText(installed[name])) note(name, 'write a text, such as https://id.example.gov')
  }
  for (const name of ['startLogin', 'endProviderSession']) {
    if (!isFunction(installed[name])) note(name, 'write a function')
  }
  checkEndpoints(installed.endpoints, note)
  if (!isAbsent(installed.frame) && !isText(installed.frame)) {
    note('frame', 'write the path of one of its endpoints, or leave it out')
  }
  checkRefresh(installed.refresh, note)
  for (const name of ['detour', 'ready', 'purgeKeys', 'close']) {
    if (!isAbsent(installed[name]) && !isFunction(installed[name])) note(name, functionOrNone)
  }
  // A text such as 'false' would count as yes.
  for (const name of ['takesAsked', 'followsIdentity', 'answersByMessage']) {
    if (!isAbsent(installed[name]) && typeof installed[name] !== 'boolean') note(name, yesNoOrNone)
  }
  return problems
}

function checkEndpoints(endpoints: unknown, note: Note): void {
  if (!isObject(endpoints)) {
    note('endpoints', 'write an object with { GET, POST } by path; {} where there are none')
    return
  }
  for (const [path, endpoint] of Object.entries(endpoints)) {
    if (!isObject(endpoint) || (isAbsent(endpoint.GET) && isAbsent(endpoint.POST))) {
      note(`endpoints.${path}`, 'write an object with GET or POST')
      continue
    }
    if (!/^[^\s/?#][^\s?#]*$/.test(path)) {
      note(
        `endpoints.${path}`,
        'write the path as it stands below routes.path, without a slash before it, such as callback',
      )
    }
    for (const name of ['GET', 'POST', 'outage']) {
      if (!isAbsent(endpoint[name]) && !isFunction(endpoint[name])) {
        note(`endpoints.${path}.${name}`, functionOrNone)
      }
    }
    if (!isAbsent(endpoint.isDocument) && typeof endpoint.isDocument !== 'boolean') {
      note(`endpoints.${path}.isDocument`, yesNoOrNone)
    }
  }
}

function checkRefresh(refresh: unknown, note: Note): void {
  if (isAbsent(refresh)) return
  if (!isObject(refresh)) {
    note('refresh', 'write an object with renew, or leave it out')
    return
  }
  for (const name of ['renew', 'accessTokenOf']) {
    if (!isFunction(refresh[name])) note(`refresh.${name}`, 'write a function')
  }
  for (const name of ['timeoutSeconds', 'waitMilliseconds', 'keepSeconds']) {
    if (!isDuration(refresh[name])) note(`refresh.${name}`, 'write a number')
  }
  if (!isAbsent(refresh.afterSeconds) && !isDuration(refresh.afterSeconds)) {
    note('refresh.afterSeconds', 'write a number, or leave it out')
  }
  if (refresh.onUnavailable !== 'keep' && refresh.onUnavailable !== 'end') {
    note('refresh.onUnavailable', 'write one of keep, end')
  }
}

const functionOrNone = 'write a function, or leave it out'
const yesNoOrNone = 'write true or false, or leave it out'

const isAbsent = (value: unknown): boolean => value === undefined
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isDuration = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
