/** @module The registrations of the emulator in a JSON file: a list, alone or with options beside it. */
import { readFileSync } from 'node:fs'
import type { Checked } from '../config/addresses.js'

/** What such a list is called, and what is in it. */
const lists = { clients: 'clients', serviceProviders: 'service providers' } as const

/** The member that holds the list, where options stand beside it. */
export type ListName = keyof typeof lists

/** What a file says as options of its kind of provider; what is in the list is for the emulator to judge. */
export function readListFile(name: ListName, path: string): Checked<object> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable'
    return { problem: `${path} cannot be read as JSON: ${reason}` }
  }
  if (Array.isArray(value)) return { value: { [name]: value as unknown[] } }
  if (typeof value === 'object' && value !== null && name in value) return { value }
  return { problem: `${path} must be a list of ${lists[name]}, or an object with "${name}"` }
}
