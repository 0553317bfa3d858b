/** @module Histories that the model has found break the same rule in the real code with the same fault, and none without it. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openApart } from '../simulation/apart.mjs'
import { bundleSimulation } from '../simulation/bundle.mjs'
import { plantedFaults } from '../simulation/planted/faults.mjs'
import { modelFaults } from './faults.mjs'
import type { replay } from './replay.js'
import { parseStep } from './trail.mjs'

const folder = new URL('./histories/', import.meta.url)

const bundled = (patches: Parameters<typeof bundleSimulation>[0]): Promise<string> =>
  bundleSimulation(patches, 'test/model/replay.ts')
let withoutFault: Promise<string> | undefined

/** In a thread of its own: what other tests have left would ask for chance and time as well. */
async function replayed(
  bundle: Promise<string>,
  ...given: Parameters<typeof replay>
): Promise<Awaited<ReturnType<typeof replay>>> {
  const thread = openApart(await bundle)
  try {
    return (await thread.call('replay', given)) as Awaited<ReturnType<typeof replay>>
  } finally {
    await thread.close()
  }
}

describe('a history that the model has found', () => {
  it.each(readdirSync(folder).map((file) => file.replace(/\.txt$/, '')))('%s', async (word) => {
    const fault = modelFaults.find((each) => each.word === word)
    const planted = plantedFaults.find(({ name }) => name === fault?.name)
    if (fault === undefined || planted === undefined) throw new Error(`no such fault: ${word}`)
    const lines = readFileSync(new URL(`${word}.txt`, folder), 'utf8').split('\n')
    const steps = lines.flatMap((line) => parseStep(line) ?? [])
    const hasReplica = fault.parts.includes('REPLICA')
    withoutFault ??= bundled([])
    expect(await replayed(withoutFault, steps, hasReplica)).toBeUndefined()
    const violation = await replayed(bundled(planted.patches), steps, hasReplica)
    expect(violation?.invariant).toBe(fault.rule)
  })
})
