import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { build } from '../processes/processes.js'

it('lets the collector of V8 take every request that is over: nothing of ours keeps one alive', async () => {
  await build()
  const script = fileURLToPath(new URL('collector.mjs', import.meta.url))
  // A small young generation is collected often, so that few requests show it.
  const flags = ['--expose-gc', '--max-semi-space-size=1']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script])
  const { survivingShare, seen, held } = JSON.parse(stdout)
  expect(seen).toBeGreaterThanOrEqual(100)
  expect(held).toBe(0)
  // Less than a tenth in fact; more than half where objects of ours that lead to a request are allocated old.
  expect(survivingShare).toBeLessThan(0.3)
})
