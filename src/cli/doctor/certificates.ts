/** @module Judges when certificates run out. */
import type { Certificate } from '../../saml/certificate.js'

/** From here on an end is near: 30 days, in milliseconds. */
export const soonMilliseconds = 30 * 86_400_000

/** What can be said of several certificates, any of which may sign. */
export type CertificateVerdict =
  | { readonly kind: 'good' | 'over' | 'soon' | 'one-over'; readonly said: string }
  | { readonly kind: 'none' }

/** A day as operators write it. */
export const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10)

/**
 * `over`: none holds any more. `one-over`: one has run out beside a good one. `soon`: the last good one runs out within
 * 30 days; one that does so beside a longer one is a roll-over under way, and good.
 */
export function judgeCertificates(certificates: readonly Certificate[], now: number): CertificateVerdict {
  if (certificates.length === 0) return { kind: 'none' }
  const said = certificates
    .map(({ fingerprint, expiresAt }) => {
      const verb = expiresAt <= now ? 'expired' : 'ends'
      return `${fingerprint.slice(0, 23)}… ${verb} ${dayOf(expiresAt)}`
    })
    .join(', ')
  const latest = Math.max(...certificates.map(({ expiresAt }) => expiresAt))
  if (latest <= now) return { kind: 'over', said }
  if (latest - now <= soonMilliseconds) return { kind: 'soon', said }
  const isOneOver = certificates.some(({ expiresAt }) => expiresAt <= now)
  return { kind: isOneOver ? 'one-over' : 'good', said }
}
