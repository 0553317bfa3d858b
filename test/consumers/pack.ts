/** @module Packs what is built, once for all consumers. Run by vitest before them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from '../house/source.js'
import { execute } from '../package/consumer.js'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly tarball: string
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'citizen-tarball-'))
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const { code, stdout, stderr } = await execute('npm', args, root)
  if (code !== 0) throw new Error(`npm pack ended with ${code}:\n${stderr}`)
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  provide('tarball', join(folder, filename))
  return () => rm(folder, { recursive: true, force: true })
}
