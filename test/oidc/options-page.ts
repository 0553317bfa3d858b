/** @module Writes the option table of docs/oidc.md from the table of options. */
import type { Descriptor } from '../../src/config/descriptor.js'
import { oidcRows } from '../../src/oidc/option-definitions.js'

function written(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(written).join(', ')
  if (typeof value === 'object' && value !== null) return 'none'
  return `\`${String(value)}\``
}

/** The lines of the table. */
export function oidcOptionLines(): readonly string[] {
  const rows: readonly (readonly [string, Descriptor<unknown>])[] = Object.entries(oidcRows)
  return rows.map(([path, descriptor]) => {
    const fallback =
      descriptor.isRequired === true ? '**required**' : (descriptor.derived ?? written(descriptor.fallback))
    return `| \`${path}\` | ${fallback} | ${descriptor.meaning} |`
  })
}
