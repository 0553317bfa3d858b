/** @module The folder of the RSA keys that test files share, of all runs on this machine: `.cache/test-keys`. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    readonly keyFolder: string
  }
}

const folder = fileURLToPath(new URL('../../.cache/test-keys', import.meta.url))

/** Called by vitest before the first test file. */
export function setup(project: TestProject): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  project.provide('keyFolder', folder)
}
