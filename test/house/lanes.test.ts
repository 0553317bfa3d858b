/** @module What runs side by side in a run of all tests: every real test once, and nothing beside what it disturbs. */
import { describe, expect, it } from 'vitest'
import config from '../../vitest.config.js'
import { consumerGroups, createIdleMeter, type Job, realGroups, runJobs } from '../lanes.mjs'
import { programs } from '../programs.mjs'
import { repositoryFiles, textOf } from './source.js'

const kinds = [...Object.keys(programs), 'next']
const groups = realGroups(kinds, [])
const realFiles = repositoryFiles().filter((path) => {
  const [, ...words] = (path.split('/').at(-1) ?? '').split('.')
  return path.startsWith('test/') && path.endsWith('.test.ts') && words.some((word) => kinds.includes(word))
})

describe('the groups of the real tests', () => {
  it('hold every real test once', () => {
    expect(groups.flatMap(({ files }) => files).sort()).toEqual(realFiles)
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

  it.each([
    ['.cache/next', /next-site\.js/],
    ['examples/next', /next-example\.js|launchDemo|demo\/start\.mjs/],
  ])('build Next.js in one group only: %s is one for all', (folder, building) => {
    const others = groups.filter((group) => group.folder !== folder).flatMap(({ files }) => files)
    expect(others.filter((path) => building.test(textOf(path)))).toEqual([])
    expect(groups.filter((group) => group.folder === folder).length).toBe(1)
  })

  it('leave out what needs a program that is not here', () => {
    const files = realGroups(kinds, ['redis', 'browser']).flatMap((group) => group.files)
    expect(files.filter((path) => /\.(redis|browser)\./.test(path))).toEqual([])
    expect(files).toContain('test/proxy/nginx.nginx.test.ts')
  })

  it('are none without files', () => {
    const names = realGroups(kinds, ['firefox']).map(({ name }) => name)
    expect(names).toEqual(groups.map(({ name }) => name).filter((name) => name !== 'Firefox'))
  })
})

it('every project of a user has a job of its own', () => {
  const files = repositoryFiles().filter((path) => /^test\/consumers\/.*\.test\.ts$/.test(path))
  expect(consumerGroups().map(({ file }) => file)).toEqual(files.sort())
  expect(files).toContain('test/consumers/react.test.ts')
})

describe('jobs side by side', () => {
  /** Runs jobs until none is left; says after each start what is running, in the order of their starts. */
  async function startsOf(
    jobs: Readonly<Record<string, Omit<Job, 'work'>>>,
    cores: number,
    looks?: Parameters<typeof runJobs>[2],
  ) {
    const running = new Set<string>()
    const starts: string[] = []
    const working = Object.entries(jobs).map(([name, job]) => ({
      ...job,
      async work() {
        running.add(name)
        starts.push([...running].join(' '))
        for (let turn = 0; turn < job.seconds; turn++) await Promise.resolve()
        running.delete(name)
      },
    }))
    await runJobs(working, cores, looks)
    return starts
  }

  it('begin with the longest, and keep the cores busy but no busier', async () => {
    const jobs = {
      short: { seconds: 10, cores: 1 },
      long: { seconds: 90, cores: 1 },
      waiting: { seconds: 50, cores: 0.5 },
      resting: { seconds: 40, cores: 0.5 },
    }
    expect(await startsOf(jobs, 2)).toEqual(['long', 'long waiting', 'long waiting resting', 'long short'])
  })

  it('start with the one that says so, and with what fits beside it', async () => {
    const jobs = {
      long: { seconds: 60, cores: 1 },
      waiting: { seconds: 50, cores: 0.3 },
      first: { seconds: 40, cores: 1.5, isFirst: true },
    }
    expect(await startsOf(jobs, 2)).toEqual(['first', 'first waiting', 'waiting long'])
  })

  it('wait for the folder of another, while what needs none goes on', async () => {
    const jobs = {
      one: { seconds: 60, cores: 0.5, folder: 'same' },
      two: { seconds: 50, cores: 0.5, folder: 'same' },
      free: { seconds: 40, cores: 0.5 },
    }
    expect(await startsOf(jobs, 2)).toEqual(['one', 'one free', 'two'])
  })

  it('run one by one where a job is more than the machine has', async () => {
    const jobs = { one: { seconds: 2, cores: 2 }, two: { seconds: 1, cores: 2 } }
    expect(await startsOf(jobs, 1)).toEqual(['one', 'two'])
  })
  it('begin one more at each look at cores that are idle all the same, but no more than two for a core', async () => {
    const jobs = Object.fromEntries(
      ['one', 'two', 'three', 'four'].map((name, index) => [name, { seconds: 90 - index, cores: 1 }]),
    )
    const looks = { pause: () => Promise.resolve() }
    const grown = ['one', 'one two', 'one two three', 'one two three four']
    expect(await startsOf(jobs, 2, { ...looks, idle: () => 0.5 })).toEqual(grown)
    const most = await startsOf(jobs, 1, { ...looks, idle: () => 0.5 })
    expect(Math.max(...most.map((names) => names.split(' ').length))).toBe(2)
    expect(await startsOf(jobs, 2, { ...looks, idle: () => 0.1 })).toEqual(await startsOf(jobs, 2))
    const inOneFolder = Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => [name, { ...job, folder: 'same' }]),
    )
    expect(await startsOf(inOneFolder, 2, { ...looks, idle: () => 0.9 })).toEqual(Object.keys(jobs))
  })
})

it('how idle the cores were is told since it was last asked', () => {
  const cores = [
    { user: 100, idle: 0 },
    { user: 0, idle: 0 },
  ]
  const idle = createIdleMeter(() => structuredClone(cores))
  expect(idle()).toBe(0)
  cores[0] = { user: 130, idle: 10 }
  cores[1] = { user: 10, idle: 30 }
  expect(idle()).toBe(0.5)
  cores[1] = { user: 15, idle: 30 }
  expect(idle()).toBe(0)
})
