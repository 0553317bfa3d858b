/** @module What the runner reads from vitest's reports: counts, failures in full, the table of coverage. */
import { relative } from 'node:path'

/**
 * Counts a JSON report. Files that failed before their first test, errors outside of tests and empty runs
 * count as one failure each, so that nothing passes by not running.
 * @param {import('./report.mjs').JsonReport} report
 * @param {{ code: number, output: string, root: string, failSkipped: boolean }} run
 */
export function countReport(report, { code, output, root, failSkipped }) {
  const failures = []
  const skipped = []
  const secondTries = []
  let passed = 0
  for (const file of report.testResults) {
    const name = relative(root, file.name)
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
      failures.push(`${name}\n${file.message}`)
    }
    for (const test of file.assertionResults) {
      const title = `${name} > ${test.fullName}`
      if (test.status === 'passed') {
        passed++
        // Vitest keeps what failed of a test that passed when it was tried again.
        if (test.failureMessages.length > 0) secondTries.push(title)
      } else if (test.status === 'failed') failures.push(`${title}\n${test.failureMessages.join('\n')}`)
      else skipped.push(title)
    }
  }
  if (passed === 0 && failures.length === 0) failures.push('no test has run')
  if (code !== 0 && failures.length === 0) {
    failures.push(`vitest ended with ${code}\n${output.trimEnd().split('\n').slice(-80).join('\n')}`)
  }
  if (failSkipped) failures.push(...skipped.map((title) => `${title}\nis skipped`))
  return {
    passed,
    failed: failures.length,
    note: skipped.length === 0 ? undefined : `${skipped.length} skipped: ${skipped.join(', ')}`,
    secondTries,
    files: report.testResults.map(({ name, startTime, endTime }) => ({
      name: relative(root, name),
      seconds: (endTime - startTime) / 1000,
    })),
    details:
      failures.length === 0
        ? ''
        : [...failures.map(titleOf), '', sectionOf(output) ?? failures.join('\n\n')].join('\n'),
  }
}

function titleOf(failure) {
  return failure.split('\n')[0]
}

/** The part of vitest's own output that tells failures, with differences and code. */
function sectionOf(output) {
  const start = output.search(/^⎯+ ?(?:Failed|Unhandled)/m)
  return start === -1 ? undefined : output.slice(start).trim()
}

/**
 * One line for each of the ten files that took longest, whichever step ran them.
 * @param {readonly import('./report.mjs').FileTime[]} files
 */
export function slowestFiles(files) {
  const bySeconds = [...files].sort((one, other) => other.seconds - one.seconds)
  return bySeconds.slice(0, 10).map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`)
}

/**
 * The per-file table of a coverage summary, the total last.
 * @param {import('./report.mjs').CoverageSummary} summary
 * @param {string} root
 */
export function coverageTable(summary, root) {
  const { total, ...files } = summary
  const names = Object.keys(files).sort()
  const width = Math.max('all files'.length, ...names.map((path) => relative(root, path).length))
  const row = (name, cells) => name.padEnd(width) + cells.map((cell) => String(cell).padStart(12)).join('')
  const values = ({ statements, branches, functions, lines }) =>
    [statements, branches, functions, lines].map(({ pct }) =>
      typeof pct === 'number' ? pct.toFixed(1) : '-',
    )
  return [
    row('coverage, %', ['statements', 'branches', 'functions', 'lines']),
    ...names.map((path) => row(relative(root, path), values(files[path]))),
    row('all files', values(total)),
  ].join('\n')
}
