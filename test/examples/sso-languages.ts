/** @module The examples of `examples/sso-issuer` as their users run them, in each of their languages. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../../examples/set-up.mjs'
import { findProgram, howToGet, type ProgramKind } from '../programs.mjs'
import { endWithUs } from '../support/orphans.js'

/** The languages of the partner's guide. */
export const languages = ['java', 'php', 'node'] as const

/** One of them. */
export type Language = (typeof languages)[number]

/** What a program has said. */
export interface Said {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** The examples, ready to be run. */
export interface Examples {
  /** Runs one with its arguments and standard input. Settings are variables. */
  run(
    language: Language,
    args: readonly string[],
    settings: Readonly<Record<string, string>>,
    input?: string,
  ): Promise<Said>
  /** Starts the page of one on a port, and waits until it answers. It ends with {@link Examples.close}. */
  serve(language: 'java' | 'php', port: number, settings: Readonly<Record<string, string>>): Promise<void>
  close(): void
}

const folder = join(root, 'examples/sso-issuer')

/** Compiles what is to be compiled, once. @throws Error with what the compiler says */
export async function prepareExamples(): Promise<Examples> {
  const php = program('php')
  const classes = await compileJava([join(folder, 'java/sso')])
  const servers: ChildProcess[] = []
  const commands: Readonly<Record<Language, readonly string[]>> = {
    java: javaCommand(classes, 'sso.Main'),
    php: [php, join(folder, 'php/sso.php')],
    node: [process.execPath, join(folder, 'node/sso.mjs')],
  }
  return {
    run(language, args, settings, input = '') {
      const [command = '', ...before] = commands[language]
      return start(command, [...before, ...args], settings, input)
    },
    async serve(language, port, settings) {
      const args = {
        java: [...commands.java, 'serve', String(port)],
        php: [php, '-S', `127.0.0.1:${port}`, '-t', join(folder, 'php/public')],
      }
      servers.push(await startServer(args[language], port, settings))
    },
    close() {
      for (const server of servers) server.kill('SIGKILL')
      rmSync(classes, { recursive: true, force: true })
    },
  }
}

/** Starts what listens on a port, and waits until it does. */
export async function startServer(
  [command = '', ...args]: readonly string[],
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const server = spawn(command, args, { env: environmentOf(settings), stdio: 'ignore' })
  endWithUs(server)
  while (!(await answers(port))) if (server.exitCode !== null) throw new Error(`${command} ended`)
  return server
}

/** The Java program that runs what was compiled. */
export const javaCommand = (classes: string, main: string): readonly string[] => [
  join(dirname(realpathSync(program('java'))), 'java'),
  // What is short-lived: no second compiler, and no threads that collect.
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classes, main],
]

/** Compiles folders of Java into a folder of its own, which is the caller's to remove. @throws Error as the compiler says */
export async function compileJava(folders: readonly string[]): Promise<string> {
  const classes = mkdtempSync(join(tmpdir(), 'citizen-java-'))
  const sources = folders.flatMap((each) => readdirSync(each).map((name) => join(each, name)))
  const compiled = await start(program('java'), ['-Xlint:all', '-Werror', '-d', classes, ...sources], {}, '')
  if (compiled.code !== 0) throw new Error(`javac: ${compiled.output}${compiled.errors}`)
  return classes
}

/** Where the program of a kind is. @throws Error with how to get it */
export function program(kind: ProgramKind): string {
  const found = findProgram(kind)
  if (found === undefined) throw new Error(`${kind} is needed: ${howToGet(kind)}`)
  return found
}

/** Nothing of ours gets through by itself. */
const environmentOf = (settings: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH,
  LANG: 'C.UTF-8',
  ...settings,
})

/** Whether something listens there; asked again a moment later where nothing does. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise((resolve) => setImmediate(resolve))
    return false
  } finally {
    socket.destroy()
  }
}

function start(
  command: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  input: string,
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const stdio = ['pipe', 'pipe', 'pipe'] as const
    const child = spawn(command, [...args], { env: environmentOf(settings), stdio: [...stdio] })
    endWithUs(child)
    const said = { output: '', errors: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.errors += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
