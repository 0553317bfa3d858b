/** @module Wakes the client up after a while, in a hidden tab as well. */

/** Makes the alarm; what it returns sets it, instead of the time that was set before. The signal ends it. */
export function createWakeUp(work: () => void, signal: AbortSignal): (milliseconds: number) => void {
  // Timers that set timers are held back for up to a minute in a hidden tab; a message in between begins anew.
  const { port1, port2 } = new MessageChannel()
  let timer: ReturnType<typeof setTimeout>
  port1.onmessage = ({ data }) => {
    clearTimeout(timer)
    timer = setTimeout(work, data as number)
  }
  signal.onabort = () => {
    clearTimeout(timer)
    port1.close()
  }
  return (milliseconds) => port2.postMessage(milliseconds)
}
