/** @module The command line: finds the command, runs it, turns the outcome into an exit code. */
import { createRequire } from 'node:module'
import { meantBy } from '../config/nearest.js'
import { CitizenSessionError } from '../errors.js'
import { quote } from '../printable.js'
import type { Command, Console } from './command.js'
import { doctorCommand } from './doctor.js'
import { emulatorCommand } from './emulator.js'
import { keysCommand } from './keys.js'
import { registrationCommand } from './registration.js'
import { tokenCommand } from './token.js'

/** The commands, by name. */
export const commands: Readonly<Record<string, Command>> = {
  emulator: emulatorCommand,
  doctor: doctorCommand,
  token: tokenCommand,
  keys: keysCommand,
  registration: registrationCommand,
}

function overview() {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'Usage: citizen-session <command> [options]',
    '',
    ...list,
    '',
    'citizen-session <command> --help says more about one, citizen-session --version which version this is.',
  ].join('\n')
}

/** By the package's own name: compiled files lie deeper than their sources. */
function version(): string {
  const { version } = createRequire(import.meta.url)('citizen-session/package.json') as { version: string }
  return version
}

function notACommand(name: string): string {
  const meant = meantBy(name, Object.keys(commands))
  const said = `${quote(name)} is not a command`
  return meant === undefined ? `${said}\n\n${overview()}` : `${said}: did you mean ${meant}?`
}

/** Runs the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(args: readonly string[], console: Console): Promise<number> {
  const [name, ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    console.out(overview())
    return 0
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    console.out(version())
    return 0
  }
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    console.err(name === undefined ? overview() : `citizen-session: ${notACommand(name)}`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.out(command.help)
    return 0
  }
  try {
    return await command.run(rest, console)
  } catch (error) {
    if (!(error instanceof CitizenSessionError)) throw error
    console.err(`citizen-session ${name}: ${error.message}`)
    if (error.code !== 'usage') return 1
    console.err(`citizen-session ${name} --help says what there is.`)
    return 2
  }
}
