/** @module Types of `report.mjs`, for its test. */

/** What is read of vitest's JSON report. */
export interface JsonReport {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    /** Milliseconds since 1970. */
    readonly startTime: number
    readonly endTime: number
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** One line of a coverage summary; `pct` is the text `Unknown` where there is nothing to count. */
export type CoverageEntry = Readonly<
  Record<'statements' | 'branches' | 'functions' | 'lines', { readonly pct: number | string }>
>

/** What is read of a `coverage-summary.json`. */
export interface CoverageSummary {
  readonly total: CoverageEntry
  readonly [file: string]: CoverageEntry
}

/** How long the tests of a file took. */
export interface FileTime {
  readonly name: string
  readonly seconds: number
}

/** What a JSON report counts. */
export interface Count {
  readonly passed: number
  readonly failed: number
  readonly note: string | undefined
  readonly details: string
  /** Tests that passed when they were tried again. */
  readonly secondTries: readonly string[]
  readonly files: readonly FileTime[]
}

/** Counts a JSON report; `failSkipped` makes each skipped test a failure. */
export function countReport(
  report: JsonReport,
  run: {
    readonly code: number
    readonly output: string
    readonly root: string
    readonly failSkipped: boolean
  },
): Count

/** One line for each of the ten files that took longest. */
export function slowestFiles(files: readonly FileTime[]): readonly string[]

/** The per-file table of a coverage summary, the total last. */
export function coverageTable(summary: CoverageSummary, root: string): string
