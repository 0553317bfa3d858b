/** @module WebKit as one of the engines: WebKitGTK's own small browser, by plain WebDriver, before a screen that nobody sees. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
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

/**
 * The driver waits for no page by itself: after a way back into the back/forward cache it would wait in vain.
 * Source: WebDriver, section 10.1.
 */
const capabilities = { acceptInsecureCerts: true, pageLoadStrategy: 'none', timeouts: { script: 3000 } }

/** A command to the driver, by its path. Source: WebDriver, section 6.3. */
type Command = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>

function start(kind: 'display' | 'webkit', args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const program = findProgram(kind)
  if (program === undefined) throw new Error(`no WebKit here: ${howToGet(kind)}`)
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env })
  endWithUs(child)
  return child
}

/** A screen without a screen; it says its number once it is there. */
async function startDisplay(): Promise<{ readonly child: ChildProcess; readonly name: string }> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']
  const child = start('display', args, process.env)
  const output = child.stdio[3]
  if (output === null || output === undefined) throw new Error('no output')
  const [number] = await Promise.race([
    once(output, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the display has not started'))),
  ])
  return { child, name: `:${String(number).trim()}` }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function commandsTo(port: number): Command {
  return async <T>(method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      // A browser that starts on a busy machine needs longer than any step in it.
      signal: AbortSignal.timeout(path === '/session' ? 60_000 : 10_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const { value } = (await response.json()) as { value: { error: string; message: string } }
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`)
    return value as T
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}

/** A driver with one browser. A browser that hangs takes its driver along, so that each person has both. */
async function startDriver(display: string) {
  const port = await freePort()
  const env = { ...process.env, DISPLAY: display, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' }
  const child = start('webkit', [`--port=${port}`], env)
  const command = commandsTo(port)
  await eventually(
    () => command<{ ready: boolean }>('GET', '/status'),
    ({ ready }) => ready,
  )
  const made = await command<{ sessionId: string; capabilities: { browserVersion: string } }>(
    'POST',
    '/session',
    { capabilities: { alwaysMatch: capabilities } },
  )
  const session: Command = (method, path, body) => command(method, `/session/${made.sessionId}${path}`, body)
  return {
    version: made.capabilities.browserVersion,
    session,
    async close() {
      await session('DELETE', '').catch(() => undefined)
      await end(child)
    },
  }
}

/**
 * Starts a screen, and with each person a browser of their own.
 * @throws Error where there is none; it says how to get one.
 */
export async function startWebKit(): Promise<Engine> {
  const display = await startDisplay()
  let driver = await startDriver(display.name)
  let isUsed = false
  return {
    name: 'WebKit',
    version: driver.version,
    async newPerson() {
      if (isUsed) {
        await driver.close()
        driver = await startDriver(display.name)
      }
      isUsed = true
      return personOf(driver.session)
    },
    async close() {
      await driver.close()
      await end(display.child)
    },
  }
}

function personOf(command: Command): Person {
  const handles = () => command<readonly string[]>('GET', '/window/handles')
  // The browser comes with a window.
  let isFirst = true
  return {
    async newTab() {
      const [first] = await handles()
      if (isFirst && first !== undefined) {
        isFirst = false
        return tabOf(command, first)
      }
      // The one that was used last may be gone.
      await command('POST', '/window', { handle: first })
      // The driver brings no tab to the front, and a hidden one takes no input: windows instead.
      const { handle } = await command<{ handle: string }>('POST', '/window/new', { type: 'window' })
      return tabOf(command, handle)
    },
    async opened(work) {
      const before = new Set(await handles())
      // Where the window is there before the click has been answered, the driver calls the click an error, without words.
      const complaint = await work().then(
        () => undefined,
        (error: unknown) => error,
      )
      const added = async () => (await handles()).find((handle) => !before.has(handle))
      const handle = await eventually(added, (found) => found !== undefined).catch((error) => {
        throw complaint ?? error
      })
      return tabOf(command, handle ?? '')
    },
    count: async () => (await handles()).length,
  }
}

function tabOf(command: Command, handle: string): Tab {
  const switchHere = () => command('POST', '/window', { handle })
  const here = async <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> => {
    await switchHere()
    return await command<T>(method, path, body)
  }
  const act = (type: 'pointer' | 'key', actions: readonly object[]) =>
    here<void>('POST', '/actions', { actions: [{ type, id: type, actions }] })
  let departures = 0
  const run = <T>(script: string) => here<T>('POST', '/execute/async', { script, args: [] })
  /** Does what leads to another page, and waits until that is there. */
  const leaving = async (path: string, body: object): Promise<void> => {
    departures += 1
    const mark = `globalThis.departure = ${departures}; arguments[0](true)`
    await eventually(
      () => run<boolean>(mark),
      (isMarked) => isMarked,
    )
    await here('POST', path, body)
    await eventually(
      () =>
        run<boolean>(
          `arguments[0](globalThis.departure !== ${departures} && document.readyState !== 'loading')`,
        ),
      (isThere) => isThere,
    )
  }
  return createTab({
    goto: (url) => leaving('/url', { url }),
    back: () => leaving('/back', {}),
    reload: () => leaving('/refresh', {}),
    evaluateText: (expression) =>
      run(`const text = ${expression}
        if (typeof text === 'string') arguments[0](text)
        else text.then(arguments[0])`),
    clickAt: (x, y) => act('pointer', clickActions({ x, y, origin: 'viewport' })),
    keys: (text) => act('key', keyActions(text)),
    cookies: () => here<readonly HeldCookie[]>('GET', '/cookie'),
    bringToFront: async () => void (await switchHere()),
    isOpen: async () => (await command<readonly string[]>('GET', '/window/handles')).includes(handle),
    close: () => here('DELETE', '/window'),
  })
}
