/** @module What pages ask the demo's desk, of their own origin. Nothing here is anybody's activity. */
import { make, say } from './dom.js'

const quiet = { headers: { 'citizen-activity': 'none' }, cache: 'no-store' }

/** The JSON of one of our paths, `undefined` without an answer. */
export async function ask(path) {
  try {
    return await (await fetch(path, quiet)).json()
  } catch {
    return undefined
  }
}

/** Where everything is, and who is called what. Asked once. */
export const about = ask('/demo/about')

/** Throws a switch. Resolves to the answer. */
async function send(action, details) {
  const response = await fetch('/demo/do', {
    method: 'POST',
    headers: { ...quiet.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ action, ...details }),
  })
  return await response.json()
}

/** Throws a switch. Resolves to what to say about it. */
export async function order(action, details = {}) {
  return (await send(action, details)).message
}

/**
 * Moves the clock of everything, as while another application is used: in strides, each with the cookies of the last one,
 * so that they are good before it and after it. Resolves to what to say about it.
 */
export async function travelInUse(seconds) {
  let answer
  for (let left = seconds; left > 0; left = answer.left)
    answer = await send('travel', { seconds: left, of: seconds, isInUse: true })
  return answer.message
}

/** The claims in the payload cookie, which scripts may read and nobody should trust; `null` without one. */
export function shownClaims(name = 'c1_payload') {
  const pair = document.cookie.split('; ').find((one) => one.startsWith(`${name}=`))
  try {
    const text = atob(
      pair
        .slice(name.length + 1)
        .replaceAll('-', '+')
        .replaceAll('_', '/'),
    )
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A clock that keeps to the server's: set by its word, run on by ours, which nobody moves. */
export function createClock() {
  let ahead
  return {
    set(now) {
      if (Number.isFinite(now)) ahead = now - performance.now()
    },
    get isSet() {
      return ahead !== undefined
    },
    now: () => performance.now() + ahead,
  }
}

/**
 * Groups of buttons. A button's work may resolve to what to say about it.
 * @param {readonly { title: string, buttons: readonly object[] }[]} groups a button has `text`, and `work` or `href`
 */
export function controls(groups) {
  const said = make('p', { class: 'said', role: 'status' })
  const press = (work) => async () => {
    say(said, 'One moment…')
    say(said, (await work().catch(() => 'That did not work: nobody answered.')) ?? '')
  }
  const button = ({ text, work, href, hint, name }) =>
    href === undefined
      ? make('button', { type: 'button', title: hint, name, onclick: press(work) }, text)
      : make('a', { class: 'button', href, title: hint }, text)
  const lists = groups.map(({ title, buttons }) =>
    make(
      'div',
      { class: 'group', role: 'group', 'aria-label': title },
      make('h3', {}, title),
      make('div', {}, ...buttons.map(button)),
    ),
  )
  return make(
    'section',
    { class: 'card' },
    make('h2', {}, 'Make it happen'),
    make('div', { class: 'groups' }, ...lists),
    said,
  )
}

/** The switches that concern everything, for every page. `toggle(isDown)` is called with what is asked for. */
export const outsideButtons = [
  { text: 'Provider down', name: 'provider', work: () => switchProvider() },
  { text: 'Rotate keys', hint: 'The provider signs with a new key', work: () => order('rotate-keys') },
  {
    text: 'End at the provider',
    hint: 'The identity session ends; whom the provider does not tell learns of it with the next refresh',
    work: () => order('end-at-provider'),
  },
  {
    text: 'Administrator ends all',
    hint: 'Every session of this person is revoked from outside',
    work: () => order('revoke'),
  },
]

const ways = { hasBackChannel: true, followsIdentity: false }

/** For an application that watches the provider's session: how it learns of another one there, and what it does then. */
export const providerButtons = [
  {
    text: 'Back channel',
    name: 'back-channel',
    hint: 'Without it the provider tells nothing, and the page finds out by itself',
    work: () => order('back-channel', { isOn: !ways.hasBackChannel }),
  },
  {
    text: 'Follow the identity',
    name: 'follow',
    hint: 'The next visit leads straight to the provider, without a page of ours',
    work: () => order('follow-identity', { isOn: !ways.followsIdentity }),
  },
]

/** Shows on these buttons what is on. */
export function showWays(root, { hasBackChannel, followsIdentity }) {
  Object.assign(ways, { hasBackChannel, followsIdentity })
  const show = (name, isOn) =>
    root.querySelector(`button[name="${name}"]`)?.setAttribute('aria-pressed', String(isOn))
  show('back-channel', hasBackChannel)
  show('follow', followsIdentity)
}

let isDown = false

const switchProvider = () => order('provider', { isDown: !isDown })

/** Shows on the button whether the provider is down. */
export function showProvider(root, state) {
  isDown = state
  const button = root.querySelector('button[name="provider"]')
  if (button === null) return
  button.setAttribute('aria-pressed', String(state))
  say(button, state ? 'Provider up again' : 'Provider down')
}

customElements.define(
  'demo-places',
  class extends HTMLElement {
    async connectedCallback() {
      const { overview, applications, provider, partner } = (await about) ?? {}
      if (provider === undefined || this.childElementCount > 0) return
      const link = (text, address) => {
        const isHere = new URL(address).origin === location.origin
        return make('a', { href: address, 'aria-current': isHere && 'true' }, text)
      }
      const links = [
        link('Overview', `${overview}/`),
        ...applications.map(({ title, url }) => link(title, `${url}/`)),
        link('Partner', partner),
        link('CitizenOne', `${provider}/`),
        link('Phone', `${provider}/messages`),
        link('Faults', `${provider}/faults`),
      ]
      this.append(make('nav', { 'aria-label': 'The demo' }, ...links))
    }
  },
)

/** The name of a person of whom only the `sub` is known. */
customElements.define(
  'demo-name',
  class extends HTMLElement {
    async connectedCallback() {
      const { people = {} } = (await about) ?? {}
      const name = people[this.getAttribute('sub')]
      // In a tree of its own: what is inside belongs to whoever made the page.
      if (name !== undefined && !this.shadowRoot) this.attachShadow({ mode: 'open' }).append(name)
    }
  },
)
