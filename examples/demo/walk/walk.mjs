/** @module The walk: goes through the demo by itself over HTTP, and says what each step proves. */
import { assuranceSteps } from './assurance.mjs'
import { museumSteps } from './museum.mjs'
import { outageSteps } from './outages.mjs'
import { overviewSteps } from './overview.mjs'
import { partnerSteps } from './partner.mjs'
import { permitsSteps } from './permits.mjs'
import { registrySteps } from './registry.mjs'
import { createReporter } from './report.mjs'
import { createScene } from './scene.mjs'
import { signInSteps } from './sign-in.mjs'
import { signOutSteps } from './sign-out.mjs'
import { timerSteps } from './timers.mjs'

/** In their order: later steps go on where earlier ones have come to. */
const parts = [
  signInSteps,
  timerSteps,
  assuranceSteps,
  signOutSteps,
  permitsSteps,
  museumSteps,
  registrySteps,
  partnerSteps,
  overviewSteps,
  outageSteps,
]

/**
 * Walks through a demo with short timers. Time is moved, not waited for.
 * @param {Awaited<ReturnType<import('../demo.mjs').startDemo>>} demo
 * @param {(line: string) => void} say
 * @returns {Promise<number>} 0 if every step was as it should be, else 1
 */
export async function walk(demo, say) {
  say(`\nWalking through the demo; sessions are kept in ${demo.store}, timers are short, time is moved.`)
  for (const { title, url, framework, sensitivity, idleSeconds } of demo.applications) {
    const timer = `ends after ${idleSeconds} s without activity`
    say(`  ${title.padEnd(18)} ${url}   ${sensitivity}, ${timer} (${framework})`)
  }
  say(`  Identity provider  ${demo.emulator.url}`)
  say(`  Partner            ${demo.emulator.partner.dashboardUrl}`)
  say(`  Overview           ${demo.overview}`)
  const scene = createScene(demo)
  const reporter = createReporter(say)
  for (const step of parts.flatMap((part) => part(scene))) await reporter.run(step)
  say(`\nwalk: ${reporter.count} steps, ${reporter.failed} failed`)
  return reporter.failed === 0 ? 0 : 1
}
