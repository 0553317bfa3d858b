/** @module The real browser of the tests. */
import { type Browser, chromium } from 'playwright-core'
import { findProgram, howToGet } from '../programs.mjs'

/** Quiet: no background traffic, nothing but what a test opens. */
const quietArguments = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

/** How to launch. */
export interface ChromiumOptions {
  /** Command-line arguments besides those that keep it quiet. */
  readonly args?: readonly string[]
  /** Arguments that Playwright gives by itself, and that are to be left out. */
  readonly ignoreDefaultArgs?: readonly string[]
}

/**
 * Launches Chromium without a window. It resolves `*.localhost` to loopback by itself.
 * @throws Error where there is no Chromium; it says how to get one.
 */
export async function launchChromium({
  args = [],
  ignoreDefaultArgs = [],
}: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findProgram('browser')
  if (executablePath === undefined) throw new Error(`no Chromium here: ${howToGet('browser')}`)
  // Chromium's sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return await chromium.launch({
    executablePath,
    args: [...quietArguments, ...sandbox, ...args],
    ignoreDefaultArgs: [...ignoreDefaultArgs],
  })
}
