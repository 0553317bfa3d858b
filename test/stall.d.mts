/** @module Types of `stall.mjs`, for its test. */

interface Test {
  readonly fullName: string
  readonly module: { readonly moduleId: string }
}

/** Names what hangs; its members are those of a vitest reporter. */
export default class StallReporter {
  constructor(options?: {
    /** Milliseconds of a clock that only goes on. */
    readonly clock?: () => number
    readonly say?: (line: string) => void
    readonly end?: () => void
  })
  onTestModuleStart(module: { readonly moduleId: string }): void
  onTestModuleEnd(module: { readonly moduleId: string }): void
  onTestCaseReady(test: Test): void
  onTestCaseResult(test: Test & { result(): { readonly state: string } }): void
  /** Called every 30 s of a run. */
  look(): void
}
