/** @module The overview: all applications side by side, and what they share. */
import {
  about,
  ask,
  controls,
  createClock,
  order,
  outsideButtons,
  shownClaims,
  showProvider,
} from './desk.js'
import { bar, facts, heading, lengthOf, make, say } from './dom.js'
import { createLogCard, nameOf, reasons, wordsOf } from './log.js'
import { createReceipt } from './receipt.js'

const pollEveryMilliseconds = 4000
const settleMilliseconds = 150

function createOverview({ applications, people, payloadCookie, identitySeconds }) {
  const clock = createClock()
  const cards = new Map(applications.map((one) => [one.name, createCard(one)]))
  const shared = createShared(people, identitySeconds * 1000)
  const receipt = createReceipt(applications)
  const everything = createSignOutForm(receipt.expect)
  let identity
  let statuses = { applications: [] }

  const log = createLogCard({
    onEvent(event) {
      // Of a session that another application has ended, the card of its own tells.
      const application = event.sessionApplication ?? event.application
      cards.get(nameOf({ application }))?.tell(event)
      receipt.tell(event)
      look()
    },
  })
  const switches = controls([
    {
      title: 'Time',
      buttons: [
        { text: '1 minute on', work: () => order('travel', { seconds: 60 }) },
        { text: '10 minutes on', work: () => order('travel', { seconds: 600 }) },
        { text: '1 hour on', work: () => order('travel', { seconds: 3600 }) },
      ],
    },
    { title: 'From outside', buttons: outsideButtons },
  ])

  function show() {
    if (!clock.isSet) return
    const now = clock.now()
    shared.show({ identity, claims: shownClaims(payloadCookie) }, now)
    for (const { name, status } of statuses.applications) cards.get(name)?.show(status, now)
    showProvider(switches, identity?.isDown === true)
    everything.show(statuses.applications.some(({ status }) => status?.state === 'active'))
    receipt.show(statuses, identity?.isDown === true)
  }
  async function read() {
    const [found, newIdentity] = await Promise.all([ask('/demo/statuses'), ask('/demo/identity')])
    statuses = found ?? statuses
    identity = newIdentity ?? identity
    clock.set(newIdentity?.now)
    show()
  }
  let timer
  function look() {
    clearTimeout(timer)
    timer = setTimeout(read, settleMilliseconds)
  }

  const timers = []
  return {
    elements: [
      shared.element,
      make('div', { class: 'layers' }, ...[...cards.values()].map(({ element }) => element)),
      make('div', { class: 'everything' }, everything.element, receipt.element),
      make('div', { class: 'below' }, switches, log.element),
    ],
    start() {
      log.start()
      void read()
      timers.push(
        setInterval(show, 1000),
        setInterval(() => !document.hidden && read(), pollEveryMilliseconds),
      )
    },
    stop() {
      log.stop()
      clearTimeout(timer)
      for (const one of timers.splice(0)) clearInterval(one)
    },
  }
}

/**
 * The button, and what it does in words. The sign-out goes on in a window of its own, beside this one: it is an
 * application's, leads to the provider, and comes back with the application's own receipt. `expect` is told by which number
 * the log tells of this press.
 */
function createSignOutForm(expect) {
  const button = make(
    'button',
    { disabled: true, 'aria-describedby': 'everything' },
    'Sign out of everything',
  )
  const words = make('p', { class: 'soft', id: 'everything' })
  const form = make(
    'form',
    { method: 'post', action: '/demo/sign-out-of-everything', target: 'sign-out' },
    button,
  )
  // Where windows are blocked the form opens a tab by itself.
  form.addEventListener('submit', () => {
    const press = crypto.getRandomValues(new Uint32Array(2)).join('-')
    form.action = `/demo/sign-out-of-everything?press=${press}`
    expect(press)
    window.open('', 'sign-out', 'popup,width=440,height=620')
  })
  return {
    element: make('section', { class: 'card' }, make('h2', {}, 'One click'), words, form),
    show(isAnybody) {
      button.disabled = !isAnybody
      say(
        words,
        isAnybody
          ? 'Signs out at the first application, as a person does at its button. The receipt shows how the end of everything else arrives.'
          : 'Nobody is signed in with this browser: there is nothing to sign out of.',
      )
    },
  }
}

/** What all applications have in common: the person, the identity session, the shared cookie. */
function createShared(people, whole) {
  const head = heading('Shared by all')
  const name = make('p', { class: 'person' })
  const session = bar('Identity session ends')
  const cookie = bar('Shared cookie expires')
  return {
    element: make(
      'section',
      { class: 'card shared' },
      make('div', {}, head.element, name),
      session.element,
      cookie.element,
    ),
    show({ identity, claims }, now) {
      const { session: found, isDown } = identity ?? {}
      head.pill(isDown ? 'provider down' : 'provider up', isDown ? 'bad' : 'good')
      say(name, claims ? (people[claims.sub] ?? claims.sub) : 'Nobody is signed in with this browser.')
      if (found) session.set(found.expiresAt - now, whole)
      else session.set()
      if (claims) cookie.set(claims.exp * 1000 - now, (claims.exp - claims.iat) * 1000)
      else cookie.set()
    },
  }
}

function createCard({ name, title, url, framework, sensitivity, idleSeconds }) {
  const head = heading(title)
  const idle = bar('Idle end', title)
  const absolute = bar('Longest time', title)
  const rows = make('div')
  let last = 'none yet'
  let shown
  return {
    element: make(
      'section',
      { class: 'card', 'data-application': name },
      head.element,
      make(
        'p',
        { class: 'soft' },
        `${framework}, ${sensitivity}: ends after ${lengthOf(idleSeconds * 1000)} idle`,
      ),
      idle.element,
      absolute.element,
      rows,
      make('p', { class: 'doors' }, make('a', { class: 'button', href: `${url}/private` }, `Open ${title}`)),
    ),
    tell(event) {
      last = wordsOf(event).text
    },
    show(status, now) {
      const { session, state, reason, assurance, degraded } = status ?? {}
      const isActive = state === 'active'
      head.pill(
        isActive ? (degraded ? 'degraded' : 'active') : (reason ?? state ?? 'no answer'),
        isActive ? (degraded ? 'warn' : 'good') : state === 'mfa-required' ? 'warn' : '',
      )
      if (session) {
        idle.set(session.idleEndsAt - now, session.idleEndsAt - session.lastSeenAt)
        absolute.set(session.endsAt - now, session.endsAt - session.startedAt)
      } else {
        idle.set()
        absolute.set()
      }
      const words = [
        isActive
          ? ['Assurance', `level ${assurance.level}, by ${assurance.method}`]
          : ['Why', reasons[reason] ?? reason ?? state ?? 'the application does not answer'],
        ['Last event', last],
      ]
      const key = JSON.stringify(words)
      if (key !== shown) rows.replaceChildren(facts(words))
      shown = key
    },
  }
}

customElements.define(
  'demo-overview',
  class extends HTMLElement {
    #overview
    async connectedCallback() {
      const places = await about
      if (places?.provider === undefined || !this.isConnected || this.#overview) return
      this.#overview = createOverview(places)
      this.replaceChildren(...this.#overview.elements)
      this.#overview.start()
    }
    disconnectedCallback() {
      this.#overview?.stop()
      this.#overview = undefined
    }
  },
)
