/** @module The script of our frame. A constant, so that a hash can name it: whatever differs stands in the page. */

/**
 * Asks the provider passively when that is due, in a frame within this one, and decides nothing by itself: our server says
 * whether it is due, whether the person has been active, and what an answer means. One tab asks for all, and only while it
 * is visible. A provider that shows something there gives no answer; then it is asked less and less often.
 */
export const keepAliveScript = `(() => {
'use strict'
const values = JSON.parse(document.getElementById('values').textContent)
const lockName = 'citizen-session.' + values.application + '.keep-alive'
let dueAt = Date.now() + values.dueInMilliseconds
let isLeader = false, isAsking = false, isOver = false, failures = 0
let timer, release = () => {}

const schedule = () => {
  clearTimeout(timer)
  if (isLeader && !isAsking && !isOver) timer = setTimeout(ask, Math.max(dueAt - Date.now(), 0))
}
const wait = (milliseconds) => {
  dueAt = Date.now() + milliseconds
  schedule()
}

const ask = () => {
  isAsking = true
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.id = 'ask'
  const finish = (step, dueIn) => {
    clearTimeout(limit)
    removeEventListener('message', listen)
    frame.remove()
    isAsking = false
    conclude(step, dueIn)
  }
  const listen = (event) => {
    if (event.source !== frame.contentWindow || event.origin !== location.origin) return
    const data = event.data
    if (!data || data.type !== 'citizen-session:keep-alive' || typeof data.step !== 'string') return
    finish(data.step, data.dueInMilliseconds)
  }
  const limit = setTimeout(() => finish('failed'), values.answerMilliseconds)
  addEventListener('message', listen)
  frame.src = values.begin
  document.body.append(frame)
}

const conclude = (step, dueIn) => {
  document.documentElement.dataset.step = step
  switch (step) {
    case 'kept':
      failures = 0
      wait(Number.isFinite(dueIn) ? dueIn : values.lookMilliseconds)
      return
    case 'idle':
    case 'busy':
      wait(values.lookMilliseconds)
      return
    case 'failed':
      failures += 1
      wait(Math.min(values.retryMilliseconds * 2 ** (failures - 1), values.pauseMilliseconds))
      return
    case 'no-passive':
      wait(values.pauseMilliseconds)
      return
    default:
      isOver = true
      release()
      try { parent.citizenSession.client.check() } catch {}
  }
}

const lead = () => {
  isLeader = true
  schedule()
  return new Promise((resolve) => {
    release = () => {
      isLeader = false
      clearTimeout(timer)
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
  if (navigator.locks) navigator.locks.request(lockName, { signal: waiting.signal }, lead).catch(() => {})
  else lead()
}
document.addEventListener('visibilitychange', follow)
follow()
})()`
