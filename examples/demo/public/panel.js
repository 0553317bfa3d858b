/** @module The live part of an application's page: the three layers, buttons for what can happen to them, the log. */
import {
  about,
  ask,
  controls,
  createClock,
  order,
  outsideButtons,
  providerButtons,
  shownClaims,
  showProvider,
  showWays,
  travelInUse,
} from './desk.js'
import { bar, clockOf, facts, heading, lengthOf, make } from './dom.js'
import { createLogCard, nameOf, reasons } from './log.js'

const pollEveryMilliseconds = 5000
const settleMilliseconds = 120

/** Seconds before the idle end at which "Nearly idle" stops: less than the warning comes ahead of it. */
const nearSeconds = 45

function createPanel(application, { provider, people, payloadCookie, identitySeconds, applications }) {
  const { idleSeconds, sensitivity, framework, isApart, watchesProvider } = applications.find(
    ({ name }) => name === application,
  )
  const clock = createClock()
  let status
  let identity

  const session = createSessionCard(
    `${sensitivity}: ends after ${lengthOf(idleSeconds * 1000)} without activity`,
  )
  const provided = createIdentityCard(identitySeconds * 1000)
  const cookie = createCookieCard(people, isApart ? framework : undefined)
  const log = createLogCard({
    accepts: (event) => ['demo', 'provider', application].includes(nameOf(event)),
    onEvent: ({ type }) => look(/^(demo|session)\./.test(type)),
  })

  /** Moves the clock of everything to so many seconds from the idle end, as while another application is used. */
  async function travelToIdle(seconds) {
    await read()
    if (!status?.session) return 'Nobody is signed in here.'
    const left = (status.session.idleEndsAt - status.now) / 1000 + seconds
    return left > 0 ? await travelInUse(left) : 'The end is near enough already.'
  }
  async function refresh() {
    const response = await fetch('/refresh', { method: 'POST' })
    if (!response.ok) return 'Nobody is signed in here.'
    const { refreshed } = await response.json()
    return refreshed
      ? 'The identity session was extended.'
      : 'The provider did not extend it; nobody is signed out for that.'
  }
  const here = encodeURIComponent(new URL('/private', location.origin))
  const switches = controls([
    {
      title: 'Time',
      buttons: [
        {
          text: 'Nearly idle',
          hint: 'Time passes without activity here, while another application is used',
          work: () => travelToIdle(-Math.min(nearSeconds, idleSeconds / 4)),
        },
        {
          text: 'Idle too long',
          hint: 'Time passes without activity here, while another application is used',
          work: () => travelToIdle(1),
        },
        { text: '1 minute on', work: () => order('travel', { seconds: 60 }) },
      ],
    },
    {
      title: 'The person',
      buttons: [
        { text: 'Refresh now', work: refresh },
        {
          text: 'Show a second proof',
          href: '/strong',
          hint: 'Ben gets a code by SMS, Cleo has an app, Dan has Eeze; the others add an app on their profile',
        },
        { text: 'Switch person', href: `${provider}/login?prompt=login&returnTo=${here}` },
      ],
    },
    ...(watchesProvider ? [{ title: 'Somebody else at the provider', buttons: providerButtons }] : []),
    { title: 'From outside', buttons: outsideButtons },
  ])

  function show() {
    const claims = shownClaims(payloadCookie)
    if (!clock.isSet) return
    session.show(status, clock.now())
    provided.show({ identity, claims, status }, clock.now())
    cookie.show({ identity, claims, status }, clock.now())
    showProvider(switches, identity?.isDown === true)
    if (identity !== undefined) showWays(switches, identity)
  }
  async function read() {
    const [newStatus, newIdentity] = await Promise.all([ask('/session/status'), ask('/demo/identity')])
    status = newStatus
    identity = newIdentity ?? identity
    clock.set(status?.now ?? identity?.now)
    show()
  }
  let timer
  let isClientDue = false
  /** Looks again soon, once for all that happens at once. */
  function look(isSession) {
    isClientDue ||= isSession
    clearTimeout(timer)
    timer = setTimeout(() => {
      void read()
      if (isClientDue) void globalThis.citizenSession?.client.check()
      isClientDue = false
    }, settleMilliseconds)
  }

  const timers = []
  return {
    elements: [
      make('div', { class: 'layers' }, session.element, provided.element, cookie.element),
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

function createSessionCard(rule) {
  const head = heading('Application session', { number: 1 })
  const idle = bar('Idle end')
  const absolute = bar('Longest time')
  const rows = make('div')
  let shown
  return {
    element: make(
      'section',
      { class: 'card', 'data-layer': 'application' },
      head.element,
      make('p', { class: 'soft' }, rule),
      idle.element,
      absolute.element,
      rows,
    ),
    show(status, now) {
      const { session, state, reason } = status ?? {}
      const isActive = state === 'active'
      head.pill(
        isActive ? 'active' : (reason ?? state ?? 'no answer'),
        isActive ? 'good' : state === 'mfa-required' ? 'warn' : '',
      )
      if (session) {
        idle.set(session.idleEndsAt - now, session.idleEndsAt - session.lastSeenAt)
        absolute.set(session.endsAt - now, session.endsAt - session.startedAt)
      } else {
        idle.set()
        absolute.set()
      }
      const words = session
        ? [
            ['Started', clockOf(session.startedAt)],
            ['Last seen', clockOf(session.lastSeenAt)],
            ['Public id', make('code', {}, session.publicId)],
          ]
        : [['Why', reasons[reason] ?? reason ?? state ?? 'the application does not answer']]
      const key = JSON.stringify([session, reason, state])
      if (key !== shown) rows.replaceChildren(facts(words))
      shown = key
    },
  }
}

function createIdentityCard(whole) {
  const head = heading('Identity session', { number: 2 })
  const end = bar('Ends unless extended')
  const due = bar('Refresh due')
  const rows = make('div')
  let shown
  return {
    element: make(
      'section',
      { class: 'card', 'data-layer': 'identity' },
      head.element,
      make('p', { class: 'soft' }, 'at the provider, one for all applications'),
      end.element,
      due.element,
      rows,
    ),
    show({ identity, claims, status }, now) {
      const { session, isDown } = identity ?? {}
      head.pill(isDown ? 'provider down' : session ? 'alive' : 'none', isDown ? 'bad' : session ? 'good' : '')
      if (session) end.set(session.expiresAt - now, whole)
      else end.set()
      // Half of a token's life, unless an application sets another age.
      const half = claims && (claims.exp - claims.iat) * 500
      if (claims && status?.session) due.set(claims.iat * 1000 + half - now, half)
      else due.set()
      const words = [
        ['Token issued', claims ? clockOf(claims.iat * 1000) : 'none here'],
        ['Ends in any case', session ? clockOf(session.endsAt) : 'none'],
        ['Extended when due', status?.degraded ? 'not now: degraded' : 'by whoever is active'],
      ]
      const key = JSON.stringify([words])
      if (key !== shown) rows.replaceChildren(facts(words))
      shown = key
    },
  }
}

/** `protocol`: by what an application signs in that does not read the cookie. */
function createCookieCard(people, protocol) {
  const head = heading('Shared cookie', { number: 3 })
  const end = bar('Expires')
  const rows = make('div')
  let shown
  return {
    element: make(
      'section',
      { class: 'card', 'data-layer': 'cookie' },
      head.element,
      make(
        'p',
        { class: 'soft' },
        protocol === undefined
          ? 'a token in three parts, of the base domain'
          : `not read here: who is signed in comes by ${protocol}`,
      ),
      end.element,
      rows,
    ),
    show({ identity, claims, status }, now) {
      const names = identity?.cookies ?? []
      const parts = names.filter((name) => /_(header|payload|signature)$/.test(name))
      const own = names.filter((name) => !parts.includes(name))
      head.pill(`${parts.length} of 3 parts`, parts.length === 3 ? 'good' : '')
      if (claims) end.set(claims.exp * 1000 - now, (claims.exp - claims.iat) * 1000)
      else end.set()
      const assurance = status?.assurance
      const words = [
        ['Person', claims ? (people[claims.sub] ?? claims.sub) : 'nobody'],
        ['Assurance', assurance ? `level ${assurance.level}, by ${assurance.method}` : 'none'],
        ['Cookies', [...parts, ...own].join(', ') || 'none'],
      ]
      const key = JSON.stringify(words)
      if (key !== shown) rows.replaceChildren(facts(words))
      shown = key
    },
  }
}

customElements.define(
  'demo-panel',
  class extends HTMLElement {
    #panel
    async connectedCallback() {
      const places = await about
      if (places?.provider === undefined || !this.isConnected || this.#panel) return
      this.#panel = createPanel(this.getAttribute('application'), places)
      this.replaceChildren(...this.#panel.elements)
      this.#panel.start()
      document.addEventListener('submit', this)
    }
    /** A sign-out leads away by itself: whoever follows the session must not lead anywhere else meanwhile. */
    handleEvent({ target }) {
      if (new URL(target.action).pathname !== '/session/logout') return
      globalThis.citizenSession?.client.stop()
      this.#panel?.stop()
    }
    disconnectedCallback() {
      document.removeEventListener('submit', this)
      this.#panel?.stop()
      this.#panel = undefined
    }
  },
)
