/** @module A reporter that ends a run of many test files with the ten that took longest. */
import { relative } from 'node:path'
import { slowestFiles } from './report.mjs'

const few = 10

export default class SlowestReporter {
  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    if (modules.length <= few) return
    const files = modules.map((module) => {
      const { collectDuration, duration } = module.diagnostic()
      return {
        name: relative(process.cwd(), module.moduleId),
        seconds: (collectDuration + duration) / 1000,
      }
    })
    console.log(`\nthe slowest test files:\n${slowestFiles(files).join('\n')}\n`)
  }
}
