/** @module The names that a plug-in's contract had in 0.1.0, for whoever still has them. */
import type { ProtocolHost } from '../protocols/protocol.js'

/** Of an installed plug-in: each old name with the new one. */
export const renamedMembers: Readonly<Record<string, string>> = {
  enter: 'startLogin',
  part: 'endProviderSession',
}

const renamedOfHost: Readonly<Record<string, string>> = {
  markers: 'transactions',
  concludeLogin: 'finishLogin',
  concludeLogout: 'finishLogout',
  withoutState: 'unknownStatePage',
  withoutLogin: 'unknownLoginReply',
}

const renamedOfSessions: Readonly<Record<string, string>> = {
  begin: 'start',
  isPointed: 'isIndexed',
  revokePointed: 'revokeByIndex',
}

const renamedArguments: Readonly<Record<string, string>> = {
  wish: 'request',
  pointers: 'indexKeys',
  mayLift: 'mayResume',
}

/** What is said of a plug-in in which these names were found: all that has other names since. */
export function renameHint(found: Readonly<Record<string, string>>): string {
  const rest = [
    `of the host ${renamings(renamedOfHost)}`,
    `of its sessions ${renamings(renamedOfSessions)}`,
    `and of what is passed ${renamings(renamedArguments)}`,
  ]
  return `is written for 0.1.0: rename ${renamings(found)}; where it has them, rename too ${rest.join(', ')} (CHANGELOG, 0.2.0)`
}

function renamings(names: Readonly<Record<string, string>>): string {
  return Object.entries(names)
    .map(([old, now]) => `${old} to ${now}`)
    .join(', ')
}

/** A host that notes old names which somebody looks for. They are not there: a plug-in may ask for them first. */
export function notingOldNames(host: ProtocolHost): {
  readonly host: ProtocolHost
  /** The old names that were looked for, each with the new one. */
  readonly found: Readonly<Record<string, string>>
} {
  const found: Record<string, string> = {}
  const note = <T extends object>(object: T, names: Readonly<Record<string, string>>): T => {
    for (const [old, now] of Object.entries(names)) {
      const get = () => {
        found[old] = now
        return undefined
      }
      // Whoever has taken such a name for something of its own may set it, on what it makes from the host as well.
      const set = function (this: object, value: unknown) {
        Object.defineProperty(this, old, { value, writable: true, enumerable: true, configurable: true })
      }
      Object.defineProperty(object, old, { get, set, enumerable: false, configurable: true })
    }
    return object
  }
  const sessions = note({ ...host.sessions }, renamedOfSessions)
  return { host: note({ ...host, sessions }, renamedOfHost), found }
}
