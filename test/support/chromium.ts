/** @module The real browser of the tests. */
import { type Browser, chromium } from 'playwright-core'
import { findProgram, howToGet } from '../programs.mjs'

/** Chromium counts the last list only, and its own arguments come last: what Playwright switches off by itself. */
export const featuresOfPlaywright = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
]

/**
 * Work that no page sees, and most of that of opening one: each window loads pages of its own for the suggestions of
 * its address bar, and each page that opens starts a process for the next.
 */
const unseenWork = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'SpareRendererForSitePerProcess',
]

/** Quiet: no background traffic, nothing but what a test opens; a machine without a graphics card plays none. */
const quietArguments = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--no-first-run',
  `--disable-features=${[...featuresOfPlaywright, ...unseenWork].join()}`,
]

/** The arguments of every Chromium of the tests, and more. */
export function chromiumArguments(more: readonly string[] = []): string[] {
  // Chromium's sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return [...quietArguments, ...sandbox, ...more]
}

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
  return await chromium.launch({
    executablePath,
    args: chromiumArguments(args),
    ignoreDefaultArgs: [...ignoreDefaultArgs],
  })
}
