/** @module The script of our frame. A constant, so that a hash can name it: whatever differs stands in the page. */
import { providerSandbox } from '../../pages/scripted-page.js'

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
  frame.sandbox = '${providerSandbox}'
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

// As the frame of session management does: the browser client asks how things stand where it hears "changed".
const tell = (state, step) => {
  document.documentElement.dataset.step = step
  if (parent === window) return
  const detail = { state, step }
  try { parent.dispatchEvent(new parent.CustomEvent('citizen-session:identity', { detail })) } catch {}
}

const conclude = (step, dueIn) => {
  switch (step) {
    case 'kept':
      failures = 0
      tell('unchanged', step)
      wait(Number.isFinite(dueIn) ? dueIn : values.lookMilliseconds)
      return
    case 'idle':
    case 'busy':
      wait(values.lookMilliseconds)
      return
    case 'failed':
      failures += 1
      tell('error', step)
      wait(Math.min(values.retryMilliseconds * 2 ** (failures - 1), values.pauseMilliseconds))
      return
    case 'no-passive':
      tell('blocked', step)
      wait(values.pauseMilliseconds)
      return
    default:
      isOver = true
      release()
      tell('changed', step)
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
