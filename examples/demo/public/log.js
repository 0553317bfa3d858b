/** @module The log as it happens: every leg and event, in words. */
import { clockOf, lengthOf, make } from './dom.js'

const mostLines = 80

/** Why a session is over, in the words of an application. */
export const reasons = {
  'not-signed-in': 'nobody has signed in',
  'not-started': 'begins with the first page that is opened',
  'idle-timeout': 'no activity for too long',
  'absolute-timeout': 'reached its longest time',
  'application-sign-out': 'signed out here only',
  'token-expired': 'the token has expired',
  'signed-out': 'signed out',
  revoked: 'ended by somebody else',
  'identity-ended': 'the provider has ended its session',
  'identity-changed': 'somebody else has signed in',
}

const wordsFor = (reason) => reasons[reason] ?? reason

const endpoints = {
  login: 'The sign-in page was asked for',
  'second-factor': 'The second factor was asked for',
  refresh: 'An application asked to extend the identity session',
  jwks: 'An application fetched the public keys',
  logout: 'The browser came to sign out',
  'saml-sign-on': 'The browser came to sign in by SAML',
  'saml-logout': 'The browser came to sign out by SAML',
}

const causes = {
  first: () => 'A session began',
  resumed: () => 'A session was taken up again',
  assurance: ({ level }) => `The session rose to level ${level}`,
}

const legs = { sessions: 'application sessions', cookies: 'shared cookies', identity: 'identity session' }

const lines = {
  'session.started': (event) => [causes[event.cause](event), `level ${event.level}`],
  'session.ended': ({ reason, sessionApplication, application }) => [
    `A session ended: ${wordsFor(reason)}`,
    sessionApplication !== application && `the one at ${nameOf({ application: sessionApplication })}`,
  ],
  'session.refused': ({ reason }) => ['A good token was refused', wordsFor(reason)],
  'session.identity-changed': () => ['Somebody else has signed in with this browser'],
  'session.aliased': () => ['The provider renamed the session; it goes on'],
  'token.rejected': ({ problem }) => ['A token was rejected', problem],
  'identity.refreshed': ({ milliseconds, result }) => [
    'The identity session was extended',
    `${result === 'token' ? 'with a new token, ' : ''}in ${milliseconds} ms`,
  ],
  'identity.refused': ({ status }) => ['The provider refused to extend the session', `status ${status}`],
  'identity.degraded': ({ problem, retryAfterSeconds }) => [
    'The provider cannot be reached; nobody is signed out for that',
    `${problem}, next try in ${retryAfterSeconds} s`,
  ],
  'logout.leg': ({ leg, target, state, reason, milliseconds }) => [
    `Sign-out, ${legs[leg] ?? leg}: ${state}`,
    [target, reason, `${milliseconds} ms`].filter(Boolean).join(', '),
  ],
  'store.unavailable': ({ message }) => ['The store does not answer', message],
  'keys.unavailable': ({ problem }) => ['The keys cannot be fetched; the last ones go on', problem],
  'duplicate-cookie': ({ names, outcome }) => [
    'A shared cookie came more than once',
    `${names.join(', ')}: ${outcome}`,
  ],
  warning: ({ message }) => ['Worth mending', message],
  'provider.asked': ({ endpoint, times }) => [endpoints[endpoint] ?? endpoint, times > 1 && `${times} times`],
  'demo.sign-out': ({ through }) => ['"Sign out of everything" was pressed', `through ${through}`],
  'demo.travelled': ({ seconds, isInUse }) => [
    `The clock moved on by ${lengthOf(seconds * 1000)}`,
    isInUse && 'while another application was used',
  ],
  'demo.provider-down': () => ['The provider went down'],
  'demo.provider-up': () => ['The provider came up again'],
  'demo.keys-rotated': () => ['The provider took a new key into use'],
  'demo.ended-at-provider': () => ['The provider ended the identity session'],
  'demo.revoked': () => ['An administrator ended all sessions of the person'],
}

/** What an event says, and what more there is to it. */
export function wordsOf(event) {
  const [text, more] = lines[event.type]?.(event) ?? [event.type]
  return { text, more: more || undefined }
}

/**
 * The card with the log. `onEvent` is told of each event, also of those from before this page.
 * @param {{ accepts?: (event: object) => boolean, onEvent?: (event: object) => void }} options
 */
export function createLogCard({ accepts = () => true, onEvent = () => undefined }) {
  const list = make('ol')
  const empty = make('li', { class: 'empty' }, 'Nothing yet.')
  list.append(empty)
  const scroll = make('div', { class: 'log', role: 'log', 'aria-label': 'Events', tabindex: 0 }, list)
  const ending = new AbortController()
  let source
  let last = 0
  /** What the newest line says, and how often in a row. */
  let newest
  let times = 1

  function add(event) {
    const { text, more } = wordsOf(event)
    empty.remove()
    // What says the same as the line before it is that line, once more.
    const said = `${nameOf(event)} ${event.type} ${text}`
    times = said === newest ? times + 1 : 1
    if (said === newest) list.firstElementChild.remove()
    newest = said
    list.prepend(
      make(
        'li',
        { 'data-type': event.type },
        make('time', {}, clockOf(event.at)),
        make('span', { class: 'from', 'data-application': nameOf(event) }, nameOf(event)),
        make(
          'div',
          {},
          text,
          times > 1 && make('span', { class: 'times', title: `${times} times` }, `×${times}`),
          more && make('small', {}, more),
        ),
      ),
    )
    while (list.childElementCount > mostLines) list.lastElementChild.remove()
  }

  /** A hidden page lets go of its connection: a browser has few for all of its tabs. */
  function follow() {
    source?.close()
    if (document.hidden) return
    source = new EventSource('/demo/events')
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data)
      if (event.id <= last) return
      last = event.id
      if (accepts(event)) add(event)
      onEvent(event)
    }
  }

  return {
    element: make('section', { class: 'card' }, make('h2', {}, 'What happens'), scroll),
    start() {
      document.addEventListener('visibilitychange', follow, { signal: ending.signal })
      follow()
    },
    stop() {
      ending.abort()
      source?.close()
    },
  }
}

/** The application of an event without the port that its id may carry. */
export const nameOf = ({ application }) => application.replace(/-\d+$/, '')
