/** @module What the runner of all tests counts: nothing passes by not running. */
import { describe, expect, it } from 'vitest'
import { countReport, coverageTable, type JsonReport, slowestFiles } from '../report.mjs'

const run = { code: 0, output: 'the output', root: '/r', failSkipped: false }

function reportOf(...files: readonly (readonly [status: string, ...tests: readonly string[]])[]): JsonReport {
  return {
    testResults: files.map(([status, ...tests], index) => ({
      name: `/r/test/${index}.test.ts`,
      status,
      message: 'cannot be loaded',
      startTime: 1000,
      endTime: 2500,
      assertionResults: tests.map((each) => ({
        status: each.replace('tried again', 'passed'),
        fullName: 'holds',
        failureMessages: each === 'passed' ? [] : ['why'],
      })),
    })),
  }
}

describe('countReport', () => {
  it('counts tests, and tells failures in full', () => {
    const result = countReport(reportOf(['passed', 'passed', 'passed'], ['failed', 'passed', 'failed']), {
      ...run,
      code: 1,
    })
    expect(result).toEqual({
      passed: 3,
      failed: 1,
      note: undefined,
      details: 'test/1.test.ts > holds\n\ntest/1.test.ts > holds\nwhy',
      secondTries: [],
      files: [
        { name: 'test/0.test.ts', seconds: 1.5 },
        { name: 'test/1.test.ts', seconds: 1.5 },
      ],
    })
  })

  it.each([
    [
      'a file that cannot be loaded',
      reportOf(['passed', 'passed'], ['failed']),
      { ...run, code: 1 },
      'cannot be loaded',
    ],
    [
      'a file whose hook failed after its tests',
      reportOf(['failed', 'passed']),
      { ...run, code: 1 },
      'cannot be loaded',
    ],
    ['an error outside of tests', reportOf(['passed', 'passed']), { ...run, code: 1 }, 'the output'],
    ['a run without a test', reportOf(), run, 'no test has run'],
    ['a run in which all are skipped', reportOf(['passed', 'pending']), run, 'no test has run'],
    [
      'a skipped test where none may be',
      reportOf(['passed', 'passed', 'pending']),
      { ...run, failSkipped: true },
      'is skipped',
    ],
  ])('fails %s', (_name, report, options, details) => {
    const result = countReport(report, options)
    expect(result.failed).toBe(1)
    expect(result.details).toContain(details)
  })

  it('tells failures as vitest does, with the difference, where its output has that', () => {
    const output = 'passed\n⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯\n- 1\n+ 2\n'
    const { details } = countReport(reportOf(['failed', 'failed']), { ...run, code: 1, output })
    expect(details).toBe('test/0.test.ts > holds\n\n⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯\n- 1\n+ 2')
  })

  it('names skipped tests', () => {
    expect(countReport(reportOf(['passed', 'passed', 'pending']), run)).toMatchObject({
      passed: 1,
      failed: 0,
      note: '1 skipped: test/0.test.ts > holds',
    })
  })
})

it('names tests that passed when they were tried again', () => {
  expect(countReport(reportOf(['passed', 'passed', 'tried again']), run)).toMatchObject({
    passed: 2,
    failed: 0,
    secondTries: ['test/0.test.ts > holds'],
  })
})

it('names the ten files that took longest, the slowest first', () => {
  const files = Array.from({ length: 12 }, (_, index) => ({ name: `test/${index}.test.ts`, seconds: index }))
  const lines = slowestFiles(files)
  expect(lines).toHaveLength(10)
  expect(lines[0]?.trim()).toBe('11.0 s  test/11.test.ts')
  expect(lines.at(-1)?.trim()).toBe('2.0 s  test/2.test.ts')
})

it('prints coverage by file, the total last', () => {
  const entry = (pct: number | string) => ({
    statements: { pct },
    branches: { pct },
    functions: { pct },
    lines: { pct },
  })
  const table = coverageTable(
    { total: entry(75), '/r/src/b.ts': entry(50), '/r/src/a.ts': entry('Unknown') },
    '/r',
  )
  expect(table.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['coverage, %', 'statements', 'branches', 'functions', 'lines'],
    ['src/a.ts', '-', '-', '-', '-'],
    ['src/b.ts', '50.0', '50.0', '50.0', '50.0'],
    ['all files', '75.0', '75.0', '75.0', '75.0'],
  ])
})
