/**
 * @module A thread that has nothing but one bundle: no timer that others have left fires in its time, no answer that they
 * wait for is counted, and nothing of theirs draws from its chance. It calls what the bundle exports, one after the other.
 */
import { pbkdf2 } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'

const bundle = await import(workerData.address)

/** Work that gets in the way of every turn of the event loop, and of the thread pool. Returns the way to end it. */
function beBusy() {
  let isOver = false
  const turn = () => {
    if (!isOver) setImmediate(turn)
  }
  const derive = () => {
    if (!isOver) pbkdf2('work for nothing', 'a salt of 128 bits', 3000, 32, 'sha256', derive)
  }
  turn()
  for (let count = 0; count < 6; count += 1) derive()
  const timer = setInterval(() => undefined, 1)
  return () => {
    isOver = true
    clearInterval(timer)
  }
}

/** @param {{ name: string, given: unknown[], isBusy: boolean }} call */
async function answer({ name, given, isBusy }) {
  const stop = isBusy ? beBusy() : () => undefined
  try {
    return { value: await bundle[name](...given) }
  } catch (error) {
    return { error: String(error?.stack ?? error) }
  } finally {
    stop()
  }
}

parentPort.on('message', (call) => void answer(call).then((message) => parentPort.postMessage(message)))
