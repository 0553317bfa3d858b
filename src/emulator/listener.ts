/** @module The addresses of an emulator, and the port while one is open. */
import { defaultHost, type ResolvedEmulatorOptions } from './options.js'
import { openServer, type RunningServer } from './server.js'

/** Opens and closes the port; knows the addresses. */
export interface Listener {
  /** Public origin. */
  url(): string
  /** The same emulator for servers on this machine. */
  internalUrl(): string
  /** Opens a port (default: the one it had, the option's, or a free one). Returns it. @throws `emulator` */
  listen(handle: (request: Request) => Promise<Response>, wanted?: number): Promise<number>
  /** Closes the port and cuts its connections. */
  close(): Promise<void>
}

/** Makes a listener with no port open. */
export function createListener(options: Pick<ResolvedEmulatorOptions, 'url' | 'host' | 'port'>): Listener {
  let server: RunningServer | undefined
  let lastPort = options.port
  const port = () => server?.port ?? (lastPort === 0 ? undefined : lastPort)
  function url() {
    if (options.url !== undefined) return options.url
    const at = port()
    return at === undefined || at === 80 ? `http://${defaultHost}` : `http://${defaultHost}:${at}`
  }
  return {
    url,
    internalUrl() {
      const at = port()
      return at === undefined ? url() : `http://127.0.0.1:${at}`
    },
    async listen(handle, wanted) {
      if (server) return server.port
      server = await openServer(handle, { host: options.host, port: wanted ?? lastPort ?? 0 })
      lastPort = server.port
      return server.port
    },
    async close() {
      const open = server
      server = undefined
      await open?.close()
    },
  }
}
