/** @module The log of the demo: what the applications, the provider and the switches report, as server-sent events. */

const kept = 200
const shownAtFirst = 40
const lookEveryMilliseconds = 250
const beatEveryMilliseconds = 15_000

/** Endpoints of the provider that are worth a line: those of a session's life. */
const watched = ['login', 'second-factor', 'refresh', 'jwks', 'logout', 'saml-sign-on', 'saml-logout']

/**
 * Makes the log. It carries events of the package, which hold no secret, and the demo's own.
 * @param {import('citizen-session/emulator').Emulator} emulator
 */
export function createLog(emulator) {
  const entries = []
  const followers = new Set()
  // Greater than those of an earlier demo that a page may still know.
  let count = Date.now()
  let counts = { ...emulator.requests }

  /** `heard`: when, by a clock that is not moved; all that is told has it from this process. */
  function report(event) {
    if (isRepeated(event) || isKnown(event)) return
    count += 1
    const { person: _, ...entry } = event
    entries.push({ at: emulator.clock(), ...entry, heard: Math.round(performance.now()), id: count })
    if (entries.length > kept) entries.shift()
    for (const response of followers) send(response, entries.at(-1))
  }

  /** The same refusal at the same application, as of every look at its status. */
  function isRepeated({ type, application, reason }) {
    if (type !== 'session.refused') return false
    const last = entries.findLast((entry) => entry.application === application)
    return last?.type === type && last.reason === reason
  }

  /** Whoever starts a demo on this machine knows that it is plain http. */
  const isKnown = ({ type, code }) => type === 'warning' && code === 'plain-http'

  /** Tells what the provider was asked since the last look. */
  function look() {
    const now = { ...emulator.requests }
    for (const endpoint of watched) {
      const times = (now[endpoint] ?? 0) - (counts[endpoint] ?? 0)
      if (times > 0) report({ type: 'provider.asked', application: 'provider', endpoint, times })
    }
    counts = now
  }

  const looking = setInterval(look, lookEveryMilliseconds)
  const beating = setInterval(() => {
    for (const response of followers) response.write(': still there\n\n')
  }, beatEveryMilliseconds)
  for (const timer of [looking, beating]) timer.unref()

  return {
    report,
    /** Answers with all that happens from now on, and what happened before. Source: HTML, section 9.2. */
    follow(request, response) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'private, no-store, no-transform',
      })
      const last = Number(request.headers['last-event-id'])
      const missed =
        last > 0 && last <= count ? entries.filter(({ id }) => id > last) : entries.slice(-shownAtFirst)
      response.write('retry: 1000\n\n')
      for (const entry of missed) send(response, entry)
      followers.add(response)
      response.once('close', () => followers.delete(response))
    },
    close() {
      clearInterval(looking)
      clearInterval(beating)
      for (const response of followers) response.destroy()
    },
  }
}

function send(response, entry) {
  response.write(`id: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`)
}
