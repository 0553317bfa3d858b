/** @module The adapter contract: one suite over real HTTP that runs on every framework. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { citizenCases } from './adapter-citizen.js'
import { gateCases } from './adapter-gate.js'
import { guardCases } from './adapter-guards.js'
import { type AdapterHarness, type Case, type RunningApplication, subjectOf } from './adapter-harness.js'
import { policyCases } from './adapter-policies.js'
import { responseCases } from './adapter-responses.js'
import { routeCases } from './adapter-routes.js'

const parts: Readonly<Record<string, readonly Case[]>> = {
  'who is there': citizenCases,
  'a guard': guardCases,
  'responses of the application': responseCases,
  'our own routes': routeCases,
  'what browsers are told': policyCases,
  'the gate': gateCases,
}

/** Runs the contract on an application. A case that is listed as an exception must fail, or it is none any more. */
export function describeAdapter({ name, start, exceptions = {} }: AdapterHarness): void {
  describe(`the adapter contract on ${name}`, () => {
    let application: RunningApplication | undefined
    beforeAll(async () => {
      application = await start()
    })
    afterAll(async () => application?.stop())

    const subject = () => {
      if (application === undefined) throw new Error('the application did not start')
      return subjectOf(application)
    }

    for (const [part, cases] of Object.entries(parts)) {
      describe(part, () => {
        for (const [each, run] of cases) {
          const reason = exceptions[`${part} ${each}`]
          if (reason === undefined) it(each, () => run(subject()))
          else it(`differs: ${each}: ${reason}`, () => expect(run(subject())).rejects.toThrow())
        }
      })
    }

    it('lists only exceptions that are cases', () => {
      const known = Object.entries(parts).flatMap(([part, cases]) => cases.map(([each]) => `${part} ${each}`))
      expect(Object.keys(exceptions).filter((each) => !known.includes(each))).toEqual([])
    })
  })
}
