/** @module The steps of a run of all tests: what each prints, and what all of them have counted. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, logFile, readJson, root, run, SetUpError } from '../examples/set-up.mjs'
import { countReport } from './report.mjs'

const isContinuousIntegration = /^(1|true)$/i.test(process.env.CI ?? '')

/** What the steps have counted so far. */
export const totals = {
  passed: 0,
  failed: 0,
  /** @type {string[]} */
  secondTries: [],
  /** @type {{ name: string, seconds: number }[]} */
  files: [],
}

/**
 * Runs one step and prints its result. A step that fails counts as failed, with its failures in full.
 * @param {string} name
 * @param {() => Promise<Partial<import('./report.mjs').Count>>} work
 */
export async function step(name, work) {
  const startedAt = performance.now()
  let result
  try {
    result = await work()
  } catch (error) {
    result = {
      failed: 1,
      details: error instanceof SetUpError ? error.message : (error?.stack ?? String(error)),
    }
  }
  const { passed = 0, failed = 0, note, details, secondTries = [], files = [] } = result
  totals.passed += passed
  totals.failed += failed
  totals.secondTries.push(...secondTries)
  totals.files.push(...files)
  const counts = passed + failed === 0 ? undefined : `${passed} passed, ${failed} failed`
  const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  const line = `${failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${[seconds, counts, note].filter(Boolean).join('; ')})`
  // In one piece: another step may end at the same time.
  console.log(details ? `${line}\n${details}\n` : line)
  return failed === 0
}

/** A step that is one program: it passes with exit code 0 and counts only where it fails. */
export function checkStep(name, work) {
  return step(name, async () => {
    const { code, output } = await work()
    return code === 0 ? {} : { failed: 1, details: output.trim() }
  })
}

/** Runs vitest and counts what its JSON report says. */
export async function vitest(log, args, { node = process.execPath, env } = {}) {
  const report = logFile(log).replace(/\.log$/, '.json')
  rmSync(report, { force: true })
  const command = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--reporter=${join(root, 'test/stall.mjs')}`,
  ]
  const { code, output } = await run(node, [...command, `--outputFile.json=${report}`, ...args], {
    log,
    // A limit for what hangs: on a slow machine everything takes a multiple.
    timeoutSeconds: 2400,
    env: { ...env, NO_COLOR: '1' },
  })
  if (!existsSync(report)) return { failed: 1, details: lastLines(output, 80) }
  return countReport(readJson(report), { code, output, root, failSkipped: isContinuousIntegration })
}
