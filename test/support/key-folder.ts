/** @module A folder of a run for the RSA keys that its test files share: empty at the start, gone at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    readonly keyFolder: string
  }
}

/** Called by vitest before the first test file; what it returns, after the last. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'citizen-test-keys-'))
  project.provide('keyFolder', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
