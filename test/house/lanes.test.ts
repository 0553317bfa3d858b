/** @module What runs side by side in a run of all tests: every real test once, and nothing beside what it disturbs. */
import { describe, expect, it } from 'vitest'
import config from '../../vitest.config.js'
import { inTwoLanes, realLanes } from '../lanes.mjs'
import { programs } from '../programs.mjs'
import { repositoryFiles, textOf } from './source.js'

const kinds = [...Object.keys(programs), 'next']
const lanes = realLanes(kinds, [])
const realFiles = repositoryFiles().filter((path) => {
  const [, ...words] = (path.split('/').at(-1) ?? '').split('.')
  return path.startsWith('test/') && path.endsWith('.test.ts') && words.some((word) => kinds.includes(word))
})

describe('the lanes of the real tests', () => {
  it('hold every real test once', () => {
    expect([...lanes.windows, ...lanes.servers].sort()).toEqual(realFiles)
    expect(realFiles.length).toBeGreaterThan(50)
  })

  it('know every kind that vitest.config.ts takes out of the quick tests', () => {
    const quick = config.test?.projects?.find(
      (project) => typeof project === 'object' && 'test' in project && project.test?.name === 'quick',
    )
    const excluded = typeof quick === 'object' && 'test' in quick ? (quick.test?.exclude ?? []) : []
    const named = excluded.flatMap((pattern) => /^test\/\*\*\/\*\.(\w+)\.test\.ts$/.exec(pattern)?.[1] ?? [])
    expect(named.filter((kind) => !kinds.includes(kind))).toEqual([])
    expect(named).toContain('redis')
  })

  it('build Next.js in one lane only: its folder is one for all', () => {
    const building = lanes.servers.filter((path) => /next-(site|example)\.js/.test(textOf(path)))
    expect(building).toEqual([])
  })

  it('leave out what needs a program that is not here', () => {
    const { servers, windows } = realLanes(kinds, ['redis', 'browser'])
    expect(servers.filter((path) => path.includes('.redis.'))).toEqual([])
    expect(windows.filter((path) => path.includes('.browser.'))).toEqual([])
    expect(servers).toContain('test/proxy/nginx.nginx.test.ts')
  })
})

it('runs what bears nothing beside it one after another, and all that is shared once', async () => {
  const done: string[] = []
  const running = new Set<string>()
  let most = 0
  const work = (name: string) => async () => {
    running.add(name)
    most = Math.max(most, running.size)
    expect(running.has('alone 1') && running.has('alone 2')).toBe(false)
    for (let turn = 0; turn < 3; turn++) await Promise.resolve()
    running.delete(name)
    done.push(name)
  }
  await inTwoLanes(['alone 1', 'alone 2'].map(work), ['shared 1', 'shared 2', 'shared 3'].map(work))
  expect([...done].sort()).toEqual(['alone 1', 'alone 2', 'shared 1', 'shared 2', 'shared 3'])
  expect(most).toBe(2)
})
