/** @module WebKit as one of the engines: WebKitGTK's own small browser, by plain WebDriver, before a screen that nobody sees. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { findProgram, howToGet } from '../programs.mjs'
import { endWithUs } from '../support/orphans.js'
import { createTab, type Engine, eventually, type HeldCookie, type Person, type Tab } from './engine.js'

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

/**
 * Starts the driver, and with each person a browser of their own.
 * @throws Error where there is none; it says how to get one.
 */
export async function startWebKit(): Promise<Engine> {
  const display = await startDisplay()
  const port = await freePort()
  const env = { ...process.env, DISPLAY: display.name, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' }
  const driver = start('webkit', [`--port=${port}`], env)
  const command = commandsTo(port)
  await eventually(
    () => command<{ ready: boolean }>('GET', '/status'),
    ({ ready }) => ready,
  )
  let session: string | undefined
  const newSession = async () => {
    if (session !== undefined) await command('DELETE', session)
    const made = await command<{ sessionId: string; capabilities: { browserVersion: string } }>(
      'POST',
      '/session',
      { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } },
    )
    session = `/session/${made.sessionId}`
    return { session, version: made.capabilities.browserVersion }
  }
  const { version } = await newSession()
  return {
    name: 'WebKit',
    version,
    async newPerson() {
      const { session: path } = await newSession()
      return personOf((method, rest, body) => command(method, path + rest, body))
    },
    async close() {
      if (session !== undefined) await command('DELETE', session).catch(() => undefined)
      await end(driver)
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
      const { handle } = await command<{ handle: string }>('POST', '/window/new', { type: 'tab' })
      return tabOf(command, handle)
    },
    async opened(work) {
      const before = new Set(await handles())
      await work()
      const added = async () => (await handles()).find((handle) => !before.has(handle))
      const handle = await eventually(added, (found) => found !== undefined)
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
  return createTab({
    goto: (url) => here('POST', '/url', { url }),
    back: () => here('POST', '/back', {}),
    reload: () => here('POST', '/refresh', {}),
    evaluateText: (expression) =>
      here<string>('POST', '/execute/async', { script: `(${expression}).then(arguments[0])`, args: [] }),
    clickAt: (x, y) =>
      act('pointer', [
        { type: 'pointerMove', x, y, origin: 'viewport' },
        { type: 'pointerDown', button: 0 },
        { type: 'pointerUp', button: 0 },
      ]),
    keys: (text) =>
      act(
        'key',
        [...text].flatMap((value) => [
          { type: 'keyDown', value },
          { type: 'keyUp', value },
        ]),
      ),
    cookies: () => here<readonly HeldCookie[]>('GET', '/cookie'),
    bringToFront: async () => void (await switchHere()),
    isOpen: async () => (await command<readonly string[]>('GET', '/window/handles')).includes(handle),
    close: () => here('DELETE', '/window'),
  })
}
