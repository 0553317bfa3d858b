/** @module Time on pages whose clocks stand still: it goes on in steps, each when a page has done what the last one began. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** The lock of the tab that asks for all. */
export const asker = 'citizen-session /session asking'

/**
 * Waits in a page until nobody asks the server any more, and until the message has come by which the page sets its next
 * timer: a clock that went on before would leave that timer behind.
 */
const atRest = `(async () => {
  await navigator.locks?.request('${asker}', () => undefined)
  await new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = resolve
    port2.postMessage(undefined)
  })
})()`

const stepMilliseconds = 250

/** Lets the clocks of the pages go on until something is so of this one, for so long at most. Returns how long it took. */
export async function goOnUntil(
  page: Page,
  isSo: () => Promise<boolean>,
  atMostMilliseconds = 1500,
): Promise<number> {
  for (let passed = 0; ; passed += stepMilliseconds) {
    await page.evaluate(atRest)
    if (await isSo()) return passed
    expect(passed, 'milliseconds of the page').toBeLessThan(atMostMilliseconds)
    await page.context().clock.runFor(stepMilliseconds)
  }
}
