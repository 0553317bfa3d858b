/** @module Tabs that can be hidden: those of Playwright always pass for visible, so these are led by the protocol. */
import type { Browser, CDPSession } from 'playwright-core'

/** A tab of its own. */
export interface RawTab {
  evaluate(expression: string): Promise<unknown>
}

/** Opens tabs in one window of one new profile: each new one hides those before. */
export async function openRawTabs(browser: Browser): Promise<(address: string) => Promise<RawTab>> {
  const session = await browser.newBrowserCDPSession()
  const { browserContextId } = await session.send('Target.createBrowserContext')
  return async (url) => {
    const { targetId } = await session.send('Target.createTarget', { url, browserContextId })
    return { evaluate: (expression) => evaluate(session, targetId, expression) }
  }
}

let lastId = 0

/** Attaches only for the moment: a browser holds back no timers of a page that is being debugged. */
async function evaluate(session: CDPSession, targetId: string, expression: string): Promise<unknown> {
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false })
  lastId += 1
  const id = lastId
  const answer = new Promise((resolve) => {
    const listen = (event: { sessionId: string; message: string }) => {
      const message = JSON.parse(event.message)
      if (event.sessionId !== sessionId || message.id !== id) return
      session.off('Target.receivedMessageFromTarget', listen)
      resolve(message.result?.result?.value)
    }
    session.on('Target.receivedMessageFromTarget', listen)
  })
  const params = { expression, awaitPromise: true, returnByValue: true }
  const message = JSON.stringify({ id, method: 'Runtime.evaluate', params })
  await session.send('Target.sendMessageToTarget', { sessionId, message })
  const value = await answer
  await session.send('Target.detachFromTarget', { sessionId })
  return value
}
