/** @module A real nginx with TLS in front of servers under test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, howToGet } from '../programs.mjs'
import { createCertificate } from './certificate.js'
import { freePort } from './free-port.js'
import { endWithUs } from './orphans.js'

/** A server name, and the loopback port that it is passed on to. */
export interface NginxSite {
  readonly name: string
  readonly port: number
  /** The application lies below this path, as in `/app`, which is taken away; elsewhere there is nothing: 404. */
  readonly strips?: string | undefined
  /** Keeps what it may in a cache that all people share, by the address alone: as careless as a proxy can be. */
  readonly isCaching?: boolean | undefined
}

/** A running nginx. */
export interface TestNginx {
  /** The TLS port on 127.0.0.1. */
  readonly port: number
  /** Its self-signed certificate, PEM: the `ca` to trust. */
  readonly certificate: string
  /** The origin of a site, as in `https://benefits.citizen.localhost:40123`. */
  origin(name: string): string
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

/** A running nginx with a configuration of the caller's. */
export type PlainNginx = Pick<TestNginx, 'port' | 'stop'>

/**
 * Starts nginx on a free loopback port. `prepare` puts files into its folder, and says what the configuration is for a
 * port; it says neither `daemon` nor `pid`, `user` nor `error_log`.
 * @throws Error where there is no nginx, or it does not start; it says why.
 */
export async function launchNginx(
  prepare: (folder: string) => Promise<(port: number) => string>,
): Promise<PlainNginx> {
  const program = findProgram('nginx')
  if (program === undefined) throw new Error(`no nginx here: ${howToGet('nginx')}`)
  const folder = await mkdtemp(join(tmpdir(), 'citizen-nginx-'))
  try {
    const { child, port } = await startOnFreePort(program, folder, await prepare(folder))
    return {
      port,
      async stop() {
        if (child.exitCode === null && child.signalCode === null) {
          const exited = once(child, 'exit')
          child.kill('SIGTERM')
          await exited
        }
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * Starts nginx on a free loopback port, with a certificate for `citizen.localhost` and `*.citizen.localhost`.
 * Its buffers are the default ones: an answer whose header is longer than 4 KiB is answered 502.
 * It passes `Host` on and sets `X-Forwarded-For`, `-Proto` and `-Host`; an unknown name is answered 421.
 * @throws Error where there is no nginx, or it does not start; it says why.
 */
export async function startNginx(sites: readonly NginxSite[]): Promise<TestNginx> {
  const { key, certificate } = createCertificate(['citizen.localhost', '*.citizen.localhost'])
  const { port, stop } = await launchNginx(async (folder) => {
    await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
    await writeFile(join(folder, 'certificate.pem'), certificate)
    return (each) => configuration(folder, each, sites)
  })
  return { port, certificate, origin: (name) => `https://${name}:${port}`, stop }
}

/** Another process may take the port between our look and nginx's bind, so a few attempts. */
async function startOnFreePort(program: string, folder: string, textFor: (port: number) => string) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const own = `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log stderr notice;
`
    await writeFile(join(folder, 'nginx.conf'), own + textFor(port))
    try {
      return { child: await start(program, folder), port }
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

async function start(program: string, folder: string): Promise<ChildProcess> {
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  endWithUs(child)
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`nginx ended with ${code}: ${output}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('start worker process ')) resolve()
    })
  })
  return child
}

const careless =
  'proxy_cache everybody; proxy_cache_key $uri$is_args$args; proxy_ignore_headers Set-Cookie Vary; add_header X-Cache $upstream_cache_status always;'

/** With a path in `proxy_pass`, be it `/` alone, nginx puts that in the place of what the location has matched. */
function locationOf({ port, strips, isCaching }: NginxSite): string {
  const cache = isCaching ? careless : ''
  const [from, to] = strips === undefined ? ['/', ''] : [`${strips}/`, '/']
  const others = strips === undefined ? '' : 'location / { return 404; } '
  return `${others}location ${from} { ${cache} proxy_pass http://127.0.0.1:${port}${to}; }`
}

/** What a block `http` says so that nginx writes nowhere else. */
export function withinFolder(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return ['access_log off;', ...temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`)].join('\n')
}

function configuration(folder: string, port: number, sites: readonly NginxSite[]): string {
  return `events { worker_connections 256; }
http {
${withinFolder(folder)}
  server_names_hash_bucket_size 128;
  proxy_cache_path ${folder}/cache keys_zone=everybody:1m;
  ssl_certificate ${folder}/certificate.pem;
  ssl_certificate_key ${folder}/key.pem;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Connection '';
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_buffer_size 4k;
  proxy_buffers 8 4k;
  server { listen 127.0.0.1:${port} ssl default_server; server_name _; return 421; }
${sites
  .map((site) => `  server { listen 127.0.0.1:${port} ssl; server_name ${site.name}; ${locationOf(site)} }`)
  .join('\n')}
}
`
}
