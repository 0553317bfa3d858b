/** @module The scripts of our frames. Constants, so that a hash can name them: whatever differs stands in the page. */
import { providerSandbox } from '../pages/scripted-page.js'

/**
 * Polls the provider's frame, and decides nothing by itself: `changed` leads to one silent check by our server, whose
 * answer says what to do. Only exact words from the provider's frame and origin count. One tab polls for all, and only
 * while it is visible. Where the provider's frame cannot see its cookies, it says `changed` for ever: three in five
 * minutes, or a second confirmation asked for without ever an `unchanged`, and the checks stop for an hour.
 * Source: OpenID Connect Session Management 1.0, sections 3.1 and 5.1; `SES-03` to `SES-08`, `SES-15`, `SES-16`.
 */
export const checkSessionScript = `(() => {
'use strict'
const values = JSON.parse(document.getElementById('values').textContent)
const provider = document.createElement('iframe')
provider.id = 'provider'
provider.hidden = true
provider.title = 'Session status of the provider'
provider.sandbox = '${providerSandbox}'
const memoryKey = 'citizen-session.' + values.application + '.check'
const changesAllowed = 3, changesWithin = 300000, blockedFor = 3600000, longestWait = 3600000
let sessionState = values.sessionState
let isLeader = false, isChecking = false, isOver = false, failures = 0
let timer, answerTimer, release = () => {}
const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(memoryKey) : undefined

const recall = () => {
  try {
    const memory = JSON.parse(localStorage.getItem(memoryKey))
    if (memory && memory.session === values.session && Array.isArray(memory.changes)) return memory
  } catch {}
  return { session: values.session, changes: [], seen: false, confirmedAt: 0, blockedUntil: 0 }
}
// What lies further ahead than it is long was written by a clock that has been put back since.
const isBlocked = () => {
  const left = recall().blockedUntil - Date.now()
  return left > 0 && left <= blockedFor
}
const remember = (change) => {
  const memory = Object.assign(recall(), change)
  try { localStorage.setItem(memoryKey, JSON.stringify(memory)) } catch {}
  return memory
}

const tell = (state, step) => {
  document.documentElement.dataset.state = state
  document.documentElement.dataset.step = step || ''
  if (parent === window) return true
  parent.postMessage({ type: 'citizen-session', state, step }, location.origin)
  try {
    const detail = { state, step }
    return parent.dispatchEvent(new parent.CustomEvent('citizen-session:identity', { cancelable: true, detail }))
  } catch { return false }
}

const schedule = (milliseconds) => {
  clearTimeout(timer)
  clearTimeout(answerTimer)
  if (isLeader && !isChecking && !isOver) timer = setTimeout(ask, milliseconds)
}
const interval = () => values.pollMilliseconds * (0.9 + 0.2 * Math.random())
const backOff = () => {
  failures += 1
  schedule(Math.min(values.backOffMilliseconds * 2 ** (failures - 1), longestWait))
}
const stop = (state, step) => {
  isOver = true
  clearTimeout(timer)
  clearTimeout(answerTimer)
  release()
  return tell(state, step)
}

const ask = () => {
  if (isBlocked()) { stop('blocked', 'blocked'); return }
  provider.contentWindow.postMessage(values.clientId + ' ' + sessionState, values.origin)
  answerTimer = setTimeout(() => { tell('error', 'silent'); backOff() }, values.timeoutMilliseconds)
}

addEventListener('message', (event) => {
  if (event.source !== provider.contentWindow || event.origin !== values.origin) return
  if (!isLeader || isChecking || isOver) return
  if (event.data === 'unchanged') {
    failures = 0
    if (!recall().seen) remember({ seen: true })
    if (document.documentElement.dataset.state !== 'unchanged') tell('unchanged')
    schedule(interval())
  } else if (event.data === 'changed') {
    clearTimeout(answerTimer)
    const now = Date.now()
    const changes = recall().changes.filter((at) => at <= now && now - at < changesWithin).concat(now)
    remember({ changes })
    if (changes.length > changesAllowed) block()
    else check()
  } else if (event.data === 'error') {
    tell('error', 'error')
    backOff()
  }
})

const block = () => {
  remember({ blockedUntil: Date.now() + blockedFor, changes: [] })
  stop('blocked', 'blocked')
}

const check = () => {
  isChecking = true
  clearTimeout(timer)
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.id = 'check'
  frame.sandbox = '${providerSandbox}'
  const finish = (step, newState) => {
    clearTimeout(limit)
    removeEventListener('message', listen)
    frame.remove()
    isChecking = false
    conclude(step, newState)
  }
  const listen = (event) => {
    if (event.source !== frame.contentWindow || event.origin !== location.origin) return
    const data = event.data
    if (!data || data.type !== 'citizen-session:check' || typeof data.step !== 'string') return
    finish(data.step, data.sessionState)
  }
  const limit = setTimeout(() => finish('back-off'), values.timeoutMilliseconds)
  addEventListener('message', listen)
  frame.src = values.check
  document.body.append(frame)
}

const conclude = (step, newState) => {
  switch (step) {
    case 'renew':
      failures = 0
      if (typeof newState === 'string') sessionState = newState
      if (channel) channel.postMessage({ sessionState })
      tell('unchanged', step)
      schedule(interval())
      return
    case 'back-off':
      tell('error', step)
      backOff()
      return
    case 'confirm-at-top': {
      const { seen, confirmedAt } = recall()
      const age = Date.now() - confirmedAt
      if (!seen && age >= 0 && age < blockedFor) { block(); return }
      remember({ confirmedAt: Date.now() })
      if (stop('changed', step) && parent !== window) {
        const { pathname, search, hash } = parent.location
        parent.location.assign(values.confirm + encodeURIComponent(pathname + search + hash))
      }
      return
    }
    case 'identity-changed':
    case 'identity-ended':
    case 'no-session':
      if (channel) channel.postMessage({ over: step })
      stop('changed', step)
      return
    default:
      stop('error', step)
  }
}

if (channel) channel.addEventListener('message', ({ data }) => {
  if (!data || isOver) return
  if (typeof data.sessionState === 'string') sessionState = data.sessionState
  if (typeof data.over === 'string') stop('changed', data.over)
})

const lead = () => {
  isLeader = true
  schedule(0)
  return new Promise((resolve) => {
    release = () => {
      isLeader = false
      clearTimeout(timer)
      clearTimeout(answerTimer)
      resolve()
    }
  })
}
let waiting
const follow = () => {
  if (isOver) return
  if (document.visibilityState === 'hidden') {
    if (waiting) waiting.abort()
    waiting = undefined
    release()
    return
  }
  if (waiting) return
  waiting = new AbortController()
  if (navigator.locks) navigator.locks.request(memoryKey, { signal: waiting.signal }, lead).catch(() => {})
  else lead()
}
document.addEventListener('visibilitychange', follow)
const begin = () => { document.documentElement.dataset.state = 'begun'; follow() }
if (isBlocked()) stop('blocked', 'blocked')
else {
  provider.addEventListener('load', begin, { once: true })
  provider.src = values.frame
  document.body.append(provider)
}
})()`

/** Goes to the same address once more, as our own page: then the browser brings the cookies of our own site. */
export const onceMoreScript = `(() => {
'use strict'
location.replace(location.href)
})()`

/** Hands an answer that came in the fragment on to our server, which no fragment reaches. */
export const fragmentScript = `(() => {
'use strict'
const values = JSON.parse(document.getElementById('values').textContent)
const form = document.createElement('form')
form.method = 'post'
form.action = values.action
for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
  const input = document.createElement('input')
  input.type = 'hidden'
  input.name = name
  input.value = value
  form.append(input)
}
history.replaceState(null, '', location.pathname)
document.body.append(form)
HTMLFormElement.prototype.submit.call(form)
})()`
