/** @module The receipt of "Sign out of everything": each leg as its result comes. It says what the events say, and no more. */
import { heading, make, say } from './dom.js'
import { nameOf } from './log.js'

/** The mark and the words of a state; those of a leg are the package's. */
const states = {
  waiting: ['…', 'waiting'],
  done: ['✓', 'done'],
  // Somebody without cookies, for whatever reason: less than an end.
  out: ['✓', 'refuses this browser'],
  skipped: ['–', 'nothing to end'],
  refused: ['✗', 'refused'],
  'timed-out': ['✗', 'no answer in time'],
  unknown: ['?', 'not known'],
}

/** How long after the last word of anybody an application may take to tell of its end. */
const patienceMilliseconds = 3000

const legTitles = {
  sessions: 'Sessions in the store',
  cookies: 'Cookies in this browser',
  tokens: 'Tokens of the provider',
  identity: 'Identity session at the provider',
}

/**
 * The card. It takes events as they come, also again after a pause, and what the applications answer when asked.
 * @param {readonly { name: string, title: string, isApart?: boolean }[]} applications
 */
export function createReceipt(applications) {
  const head = heading('Receipt')
  const summary = make(
    'p',
    { class: 'soft', role: 'status' },
    'The button has not been pressed on this page yet.',
  )
  const list = make('ol', { class: 'legs' })
  const element = make('section', { class: 'card receipt' }, head.element, summary, list)
  const titleOf = (name) => applications.find((one) => one.name === name)?.title ?? name
  /** The sign-out that is shown: when it began, when it was last heard of, through which application, and its rows. */
  let shown
  let expected

  function begin({ through, sessions, heard }) {
    const row = (key, title, more) => [key, createRow(title, more)]
    const others = Object.keys(sessions).map((name) =>
      row(name, titleOf(name), name === through ? 'the sign-out goes through it' : undefined),
    )
    const legs = ['sessions', 'cookies', 'identity'].map((leg) =>
      row(`leg:${leg}`, legTitles[leg], leg === 'identity' ? 'until the browser is back from it' : undefined),
    )
    shown = { through, sessions, heard, lastHeard: heard, rows: new Map([...others, ...legs]) }
    list.replaceChildren(...[...shown.rows.values()].map((one) => one.element))
    sum()
  }

  function set(key, state, more, heard) {
    const row = shown.rows.get(key)
    if (heard !== undefined) shown.lastHeard = heard
    row.set(state, more, heard === undefined ? undefined : heard - shown.heard)
    sum()
  }

  function setLeg({ leg, target, state, reason, heard }) {
    const key = `leg:${leg}`
    if (!shown.rows.has(key)) {
      shown.rows.set(key, createRow(legTitles[leg] ?? leg))
      list.append(shown.rows.get(key).element)
    }
    set(key, state, [target, reason].filter(Boolean).join(': '), heard)
  }

  function sum() {
    const rows = [...shown.rows.values()]
    const count = (wanted) => rows.filter(({ state }) => wanted.includes(state)).length
    const done = count(['done', 'out', 'skipped'])
    const waiting = count(['waiting'])
    const through = `Through ${titleOf(shown.through)}: `
    if (done === rows.length) {
      head.pill('all out', 'good')
      const last = Math.max(...rows.map(({ milliseconds }) => milliseconds ?? 0))
      say(summary, `${through}all ${rows.length} out within ${last} ms.`)
    } else if (waiting > 0) {
      head.pill('under way', 'warn')
      say(summary, `${through}${done} of ${rows.length} out.`)
    } else {
      head.pill('not all known', 'bad')
      say(summary, `${through}${done} of ${rows.length} out; of the others see below.`)
    }
  }

  const isIn = (wanted) => (key) => wanted.includes(shown?.rows.get(key)?.state)
  const isWaiting = isIn(['waiting'])

  return {
    element,
    /** From now on it shows the sign-out of this press: others are another page's, or of before. */
    expect(press) {
      expected = press
    },
    tell(event) {
      if (event.type === 'demo.sign-out') return event.press === expected ? begin(event) : undefined
      if (shown === undefined) return
      if (event.type === 'session.ended') {
        const [name] = Object.entries(shown.sessions).find(([, id]) => id === event.publicId) ?? []
        const by = nameOf(event) === name ? '' : `, by ${titleOf(nameOf(event))}`
        if (isIn(['waiting', 'out', 'unknown'])(name))
          set(name, 'done', `its session ended${by}`, event.heard)
      }
      const isOurs =
        nameOf(event) === shown.through && [...shown.rows.keys()].some(isIn(['waiting', 'unknown']))
      if (event.type === 'logout.leg' && isOurs) setLeg(event)
    },
    /** What applications with a shared cookie say to this browser; the others are not asked as this browser. */
    show({ applications: answers, heard }, isDown) {
      if (shown === undefined) return
      for (const { name, status } of answers) {
        const isAsked = applications.some((one) => one.name === name && !one.isApart)
        if (isAsked && isWaiting(name) && heard > shown.heard && status?.state === 'anonymous')
          set(name, 'out', 'asked anew; it has told of no end of its session', heard)
      }
      if (isDown && isWaiting('leg:identity'))
        set('leg:identity', 'unknown', 'the provider is down: its session may go on')
      const waiting = [...shown.rows.keys()].filter(isWaiting)
      const isLate = heard - shown.lastHeard > patienceMilliseconds
      if (isLate && !waiting.some((key) => key.startsWith('leg:')))
        for (const name of waiting) set(name, 'unknown', 'it has told of no end')
    },
  }
}

function createRow(title, about) {
  const mark = make('span', { class: 'mark', 'aria-hidden': 'true' })
  const words = make('b')
  const time = make('span', { class: 'took' })
  const more = make('small', {}, about ?? '')
  const element = make(
    'li',
    {},
    mark,
    make('div', {}, title, more),
    make('div', { class: 'result' }, words, time),
  )
  const row = {
    element,
    state: 'waiting',
    milliseconds: undefined,
    set(state, text, milliseconds) {
      const [sign, word] = states[state] ?? ['?', state]
      Object.assign(row, { state, milliseconds })
      element.dataset.state = state
      say(mark, sign)
      say(words, word)
      say(time, milliseconds === undefined ? '' : `${milliseconds} ms`)
      if (text !== undefined) say(more, text)
    },
  }
  row.set('waiting')
  return row
}
