/** @module The gate for real: the nginx of `examples/gate`, and the applications in PHP and Java behind it. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../examples/set-up.mjs'
import { compileJava, javaCommand, program, startServer } from '../examples/sso-languages.js'
import { launchNginx, type PlainNginx, withinFolder } from '../support/nginx.js'

const folder = join(root, 'examples/gate')

/** Applications in other languages that trust the gate's token alone. */
export interface GateBackends {
  /** Ports on 127.0.0.1. */
  readonly ports: { readonly php: number; readonly java: number }
  close(): Promise<void>
}

/** What a backend answers: who is there, and what came; or why the token was refused. */
export interface BackendAnswer {
  readonly language: 'php' | 'java'
  readonly sub?: string
  readonly level?: number
  readonly method?: string
  readonly target?: string
  readonly length?: number
  readonly problem?: string
}

/** Starts both: PHP takes tokens for the audience `reports`, Java for `archive`. */
export async function startGateBackends(settings: {
  readonly issuer: string
  /** Where they fetch keys: https, or loopback. */
  readonly jwksUrl: string
  readonly ports: GateBackends['ports']
}): Promise<GateBackends> {
  const state = await mkdtemp(join(tmpdir(), 'citizen-gate-'))
  const classes = await compileJava([join(root, 'examples/sso-issuer/java/sso'), join(folder, 'java/gate')])
  const { ports } = settings
  const common = { GATE_ISSUER: settings.issuer, GATE_JWKS_URL: settings.jwksUrl, GATE_STATE: state }
  const php = [program('php'), '-S', `127.0.0.1:${ports.php}`, join(folder, 'php/index.php')]
  const java = [...javaCommand(classes, 'gate.Backend'), String(ports.java)]
  const servers = [
    await startServer(php, ports.php, { ...common, GATE_AUDIENCE: 'reports' }),
    await startServer(java, ports.java, { ...common, GATE_AUDIENCE: 'archive' }),
  ]
  return {
    ports,
    async close() {
      for (const server of servers) server.kill('SIGKILL')
      for (const path of [state, classes]) await rm(path, { recursive: true, force: true })
    },
  }
}

/**
 * Starts the nginx of the example, with these ports on 127.0.0.1 in place of those that stand there. `application`: one, or
 * those of its instances; `beside`: more servers on the port that it gets, for hosts of their own.
 */
export function startGateNginx(settings: {
  readonly secret: string
  readonly application: number | readonly number[]
  readonly reports: number
  readonly archive: number
  readonly beside?: (port: number) => string
}): Promise<PlainNginx> {
  return launchNginx(async (place) => {
    const text = await readFile(join(folder, 'nginx/nginx.conf'), 'utf8')
    await copyFile(join(folder, 'nginx/citizen-protected.conf'), join(place, 'citizen-protected.conf'))
    const secret = `proxy_set_header Citizen-Gate-Secret '${settings.secret}';\n`
    await writeFile(join(place, 'citizen-secret.conf'), secret, { mode: 0o600 })
    const { application, reports, archive, beside = () => '' } = settings
    const ports = { 3000: [application].flat(), 8081: [reports], 8082: [archive] }
    let adapted = text.replace('http {', `http {\n${withinFolder(place)}`)
    for (const [from, to] of Object.entries(ports)) {
      if (!adapted.includes(`server 127.0.0.1:${from};`))
        throw new Error(`no server at ${from} in nginx.conf`)
      const servers = to.map((port) => `server 127.0.0.1:${port};`)
      adapted = adapted.replace(`server 127.0.0.1:${from};`, servers.join(' '))
    }
    return (port) =>
      adapted
        .replace('listen 127.0.0.1:8080;', `listen 127.0.0.1:${port};`)
        .replace(/\}\s*$/, `${beside(port)}\n}\n`)
  })
}
