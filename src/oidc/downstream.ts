/** @module Front-channel logout passed on: an application that is a provider itself tells its own clients. */
import { createHash } from 'node:crypto'
import { dropRejection } from '../misuse.js'
import { isSecureAddress } from '../outbound.js'
import { embeddableJson } from '../pages/scripted-page.js'
import { parseUrl } from '../parse-url.js'

/** The session at our provider that a front-channel logout was about. */
export interface EndedUpstream {
  readonly issuer: string
  /** `sid`; absent where the provider named none. */
  readonly sessionId: string | undefined
}

/** Logout addresses of the application's own clients; each is shown in a frame. Absolute, https, without fragment. */
export type Downstream = (ended: EndedUpstream) => readonly string[]

/** Frames in one page: a provider with more clients tells them by back channel. */
export const mostDownstream = 20
/** How long the page waits for each of them. */
export const downstreamSeconds = 5

const script = `(() => {
'use strict'
const { addresses, milliseconds } = JSON.parse(document.getElementById('values').textContent)
for (const address of addresses) {
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.referrerPolicy = 'no-referrer'
  const finish = () => frame.remove()
  frame.addEventListener('load', finish, { once: true })
  setTimeout(finish, milliseconds)
  frame.src = address
  document.body.append(frame)
}
})()`
const scriptSource = `'sha256-${createHash('sha256').update(script).digest('base64')}'`

/** The addresses that can be told, and whether any had to be left out. */
export function readDownstream(given: unknown): {
  readonly addresses: readonly string[]
  readonly isWhole: boolean
} {
  if (!Array.isArray(given)) {
    dropRejection(given)
    return { addresses: [], isWhole: false }
  }
  const list: readonly unknown[] = given
  const good = list.filter(
    (address): address is string => typeof address === 'string' && isLogoutAddress(address),
  )
  const addresses = good.slice(0, mostDownstream)
  return { addresses, isWhole: addresses.length === list.length }
}

/** What the page of a front-channel logout has besides its title: the frames, and what its policy lets them do. */
export function downstreamContent(addresses: readonly string[]): {
  readonly body: string
  readonly policy: string
} {
  if (addresses.length === 0) return { body: '', policy: '' }
  const origins = [...new Set(addresses.map((address) => new URL(address).origin))]
  const values = embeddableJson({ addresses, milliseconds: downstreamSeconds * 1000 })
  return {
    body: `<body><script type="application/json" id="values">${values}</script><script>${script}</script></body>`,
    policy: `; script-src ${scriptSource}; frame-src ${origins.join(' ')}`,
  }
}

/** Source: OpenID Connect Front-Channel Logout 1.0, section 2 (`FCL-10`). */
function isLogoutAddress(address: string): boolean {
  const url = /^https?:\/\/[^\s\p{Cc}]+$/u.test(address) ? parseUrl(address) : undefined
  if (url === undefined) return false
  const { hash, origin } = url
  // What the parser lets through in a host could begin something else in a policy.
  const isPlain = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/.test(origin)
  return isPlain && hash === '' && isSecureAddress(address)
}
