/** @module What the runner says of tests that hang: their names, before the machine's own limit ends everything. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import StallReporter from '../stall.mjs'

function world() {
  let now = 0
  const said: string[] = []
  const reporter = new StallReporter({
    clock: () => now,
    say: (line) => said.push(line),
    end: () => said.push('ended'),
  })
  const module = { moduleId: join(process.cwd(), 'test/a.test.ts') }
  const test = { fullName: 'group > holds', module, result: () => ({ state: 'failed' }) }
  return { reporter, said, module, test, pass: (seconds: number) => (now += seconds * 1000) }
}

it('names a test that runs for long, and says at once that one has failed', () => {
  const { reporter, said, module, test, pass } = world()
  reporter.onTestModuleStart(module)
  reporter.onTestCaseReady(test)
  pass(60)
  reporter.look()
  expect(said).toEqual([])
  pass(60)
  reporter.look()
  expect(said).toEqual(['for 120 s: test/a.test.ts > group > holds'])
  reporter.onTestCaseResult(test)
  reporter.look()
  expect(said.slice(1)).toEqual(['failed: test/a.test.ts > group > holds'])
})

it('ends a run in which nothing ends any more, and names the files', () => {
  const { reporter, said, module, test, pass } = world()
  reporter.onTestModuleStart(module)
  pass(650)
  reporter.onTestCaseReady(test)
  reporter.onTestCaseResult(test)
  pass(650)
  reporter.look()
  expect(said).not.toContain('ended')
  pass(30)
  reporter.look()
  expect(said.slice(-2)).toEqual(['nothing has ended for 680 s; still running: test/a.test.ts', 'ended'])
})

it('is quiet of a file that has ended', () => {
  const { reporter, said, module, pass } = world()
  reporter.onTestModuleStart(module)
  reporter.onTestModuleEnd(module)
  pass(90)
  reporter.look()
  expect(said).toEqual([])
})
