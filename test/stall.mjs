/**
 * @module A reporter that names what hangs. A file that never ends says nothing to vitest's own reporters, and
 * where a worker is stuck no limit of a test ends it: then the run would end without a result, and without a name.
 */
import { relative } from 'node:path'

const secondsBetweenLooks = 30
/** A failing test is said at once: its file may take long to end. */
const secondsUntilNamed = 90
/** Nothing has ended for so long: more than any limit of a test or a hook. */
const secondsUntilEnded = 660

/** @typedef {{ fullName: string, module: { moduleId: string } }} Test */

export default class StallReporter {
  /** @type {Map<Test, number>} */
  #running = new Map()
  /** @type {Map<string, number>} */
  #modules = new Map()
  #movedAt
  #clock
  #say
  #end
  #timer

  constructor({
    clock = () => performance.now(),
    say = (line) => void process.stdout.write(`${line}\n`),
    end = () => process.exit(1),
  } = {}) {
    this.#clock = clock
    this.#say = say
    this.#end = end
    this.#movedAt = clock()
  }

  onTestRunStart() {
    this.#timer = setInterval(() => this.look(), secondsBetweenLooks * 1000)
    this.#timer.unref()
  }

  onTestRunEnd() {
    clearInterval(this.#timer)
  }

  /** @param {{ moduleId: string }} module */
  onTestModuleStart({ moduleId }) {
    this.#movedAt = this.#clock()
    this.#modules.set(moduleId, this.#movedAt)
  }

  /** @param {{ moduleId: string }} module */
  onTestModuleEnd({ moduleId }) {
    this.#movedAt = this.#clock()
    this.#modules.delete(moduleId)
  }

  /** @param {Test} test */
  onTestCaseReady(test) {
    this.#running.set(test, this.#clock())
  }

  /** @param {Test & { result(): { state: string } }} test */
  onTestCaseResult(test) {
    this.#movedAt = this.#clock()
    this.#running.delete(test)
    if (test.result().state === 'failed') this.#say(`failed: ${nameOf(test)}`)
  }

  /** Names what runs for long; ends the run where nothing has moved for longer than any limit. */
  look() {
    const now = this.#clock()
    const secondsSince = (since) => Math.round((now - since) / 1000)
    for (const [test, since] of this.#running) {
      if (secondsSince(since) >= secondsUntilNamed) this.#say(`for ${secondsSince(since)} s: ${nameOf(test)}`)
    }
    if (secondsSince(this.#movedAt) < secondsUntilEnded) return
    const names = [...this.#modules.keys()].map((moduleId) => relative(process.cwd(), moduleId))
    this.#say(`nothing has ended for ${secondsSince(this.#movedAt)} s; still running: ${names.join(', ')}`)
    this.#end()
  }
}

function nameOf({ fullName, module }) {
  return `${relative(process.cwd(), module.moduleId)} > ${fullName}`
}
