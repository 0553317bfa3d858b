/** @module Tells an operator why somebody is asked for a second factor who has shown one, as the provider says. */
import type { Report } from '../events.js'

/** Tells that the provider says these claims of a login, and is not believed: once for each of them. */
export type TellUntrusted = (names: readonly string[]) => void

/** Makes it. `provider`: its issuer or entity ID. */
export function createUntrustedTeller(report: Report, provider: string): TellUntrusted {
  const told = new Set<string>()
  return (names) => {
    const news = names.filter((name) => !told.has(name))
    if (news.length === 0) return
    for (const name of news) told.add(name)
    const message = `${provider} says ${news.join(' and ')}, which is not believed of it, and counts as no second factor: if its own documents say what that means, name it in trustedClaims of this provider`
    report({ type: 'warning', code: 'untrusted-claims', message })
  }
}
