/**
 * @module Firefox as one of the engines, as it is released, by WebDriver BiDi. Its defaults are those of people:
 * what other drivers switch off (back/forward cache, protection of cookies) is part of what is tested.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { findProgram, howToGet } from '../programs.mjs'
import { endWithUs } from '../support/orphans.js'
import {
  clickActions,
  createTab,
  type Engine,
  eventually,
  type HeldCookie,
  keyActions,
  type Person,
  type Tab,
} from './engine.js'

/** Quiet, and as people have it: the remote agent would set preferences of its own. */
const preferences = {
  'remote.prefs.recommended': false,
  'fission.bfcacheInParent': true,
  'network.cookie.cookieBehavior': 5,
  'app.update.auto': false,
  'app.normandy.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'signon.rememberSignons': false,
  'toolkit.telemetry.enabled': false,
}

/** Commands to the browser. Source: WebDriver BiDi, section 3. */
interface Connection {
  send<T>(method: string, parameters?: object): Promise<T>
  close(): void
}

interface Answer {
  readonly id: number | null
  readonly type: 'success' | 'error' | 'event'
  readonly result: unknown
  readonly error: string
  readonly message: string
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 2 ** 26 })
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== null) waiting.get(answer.id)?.(answer)
  })
  await once(socket, 'open')
  return {
    async send<T>(method: string, params: object = {}) {
      last += 1
      const id = last
      const answer = await new Promise<Answer>((resolve, reject) => {
        waiting.set(id, resolve)
        socket.once('close', () => reject(new Error(`Firefox is gone: ${method}`)))
        socket.send(JSON.stringify({ id, method, params }))
      })
      waiting.delete(id)
      socket.removeAllListeners('close')
      if (answer.type === 'error') throw new Error(`${method}: ${answer.error}: ${answer.message}`)
      return answer.result as T
    },
    close: () => socket.close(),
  }
}

/** The address of the browser's WebDriver BiDi, which it prints. */
async function addressOf(browser: ChildProcess): Promise<string> {
  if (browser.stderr === null) throw new Error('no output')
  for await (const line of createInterface(browser.stderr)) {
    const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]
    if (address !== undefined) return address
  }
  throw new Error('Firefox has not started')
}

/**
 * Starts Firefox without a window.
 * @throws Error where there is none; it says how to get one.
 */
export async function startFirefox(): Promise<Engine> {
  const program = findProgram('firefox')
  if (program === undefined) throw new Error(`no Firefox here: ${howToGet('firefox')}`)
  const profile = await mkdtemp(join(tmpdir(), 'citizen-session-firefox-'))
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)})`,
  )
  await writeFile(join(profile, 'user.js'), lines.join('\n'))
  const browser = spawn(
    program,
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, MOZ_CRASHREPORTER_DISABLE: '1' } },
  )
  endWithUs(browser)
  const connection = await connect(`${await addressOf(browser)}/session`)
  browser.stderr?.resume()
  const { capabilities } = await connection.send<{ capabilities: { browserVersion: string } }>(
    'session.new',
    {
      capabilities: { alwaysMatch: { acceptInsecureCerts: true } },
    },
  )
  let userContext: string | undefined
  return {
    name: 'Firefox',
    version: capabilities.browserVersion,
    async newPerson() {
      if (userContext !== undefined) await connection.send('browser.removeUserContext', { userContext })
      const made = await connection.send<{ userContext: string }>('browser.createUserContext')
      userContext = made.userContext
      return personOf(connection, userContext)
    },
    async close() {
      const ended = once(browser, 'exit')
      await connection.send('browser.close').catch(() => browser.kill())
      connection.close()
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

interface Context {
  readonly context: string
  readonly userContext: string
}

async function contextsOf(connection: Connection, userContext: string): Promise<readonly string[]> {
  const { contexts } = await connection.send<{ contexts: readonly Context[] }>('browsingContext.getTree', {
    maxDepth: 0,
  })
  return contexts.filter((each) => each.userContext === userContext).map(({ context }) => context)
}

function personOf(connection: Connection, userContext: string): Person {
  const contexts = () => contextsOf(connection, userContext)
  return {
    async newTab() {
      const { context } = await connection.send<Context>('browsingContext.create', {
        type: 'tab',
        userContext,
      })
      return tabOf(connection, userContext, context)
    },
    async opened(work) {
      const before = new Set(await contexts())
      await work()
      const added = async () => (await contexts()).find((context) => !before.has(context))
      const context = await eventually(added, (found) => found !== undefined)
      return tabOf(connection, userContext, context ?? '')
    },
    count: async () => (await contexts()).length,
  }
}

function tabOf(connection: Connection, userContext: string, context: string): Tab {
  const send = <T>(method: string, parameters: object = {}) =>
    connection.send<T>(method, { context, ...parameters })
  const act = (type: 'pointer' | 'key', actions: readonly object[]) =>
    send<void>('input.performActions', { actions: [{ type, id: type, actions }] })
  // A page that leads on by itself interrupts its own loading.
  const loading = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: Error) => {
        if (!/NS_BINDING_ABORTED|navigation (?:canceled|aborted)|interrupted/i.test(error.message))
          throw error
      },
    )
  return createTab({
    goto: (url) => loading(send('browsingContext.navigate', { url, wait: 'interactive' })),
    back: () => loading(send('browsingContext.traverseHistory', { delta: -1 })),
    reload: () => loading(send('browsingContext.reload', { wait: 'interactive' })),
    async evaluateText(expression) {
      const answer = await connection.send<{
        result?: { value: string }
        exceptionDetails?: { text: string }
      }>('script.evaluate', { expression, target: { context }, awaitPromise: true })
      if (answer.result === undefined) throw new Error(answer.exceptionDetails?.text)
      return answer.result.value
    },
    clickAt: (x, y) => act('pointer', clickActions({ x, y })),
    keys: (text) => act('key', keyActions(text)),
    async cookies() {
      const { cookies } = await connection.send<{
        cookies: readonly { name: string; value: { value: string } }[]
      }>('storage.getCookies', { partition: { type: 'context', context } })
      return cookies.map(({ name, value }): HeldCookie => ({ name, value: value.value }))
    },
    bringToFront: () => send('browsingContext.activate'),
    isOpen: async () => (await contextsOf(connection, userContext)).includes(context),
    close: () => send('browsingContext.close'),
  })
}
