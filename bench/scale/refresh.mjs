/** @module The part `refresh`: people whose tokens were issued in the same second, and when they are refreshed. */
import { startChild } from '../child.mjs'
import { judge, machineLine, table } from './measure.mjs'

const plans = {
  full: { people: 10_000, tokenSeconds: 1800, everySeconds: 2 },
  quick: { people: 500, tokenSeconds: 1800, everySeconds: 2 },
}
const leastSpreadSeconds = 30

/** Runs the part. Returns its page. */
export async function refresh({ isQuick, say }) {
  const plan = isQuick ? plans.quick : plans.full
  const { people, tokenSeconds, everySeconds } = plan
  const machine = machineLine()
  const child = await startChild('scale/refresh-child.mjs', plan)
  say(`signing ${people.toLocaleString('en')} people in within one second`)
  await child.ask('signIn')
  say(`requests of each of them every ${everySeconds} s of a clock that is moved`)
  const { posts, first, last, most, failed, requests } = await child.ask('visit')
  await child.close()
  const spread = last - first
  const longest = tokenSeconds / 10
  const rows = [
    ['POSTs', posts.toLocaleString('en'), `${people.toLocaleString('en')}: ${judge(posts <= people)}`],
    ['requests that were not served, or degraded', failed, `0: ${judge(failed === 0)}`],
    [
      'from the first POST to the last',
      `${spread} s`,
      `${leastSpreadSeconds} to ${longest} s: ${judge(spread >= leastSpreadSeconds && spread <= longest)}`,
    ],
    ['age of the token at the first and at the last', `${first} s, ${last} s`, ''],
    [`most POSTs within ${everySeconds} s`, most.toLocaleString('en'), ''],
  ]
  return `# Refreshes that would all be due in one second

${machine}
${people.toLocaleString('en')} people, tokens of ${tokenSeconds / 60} minutes, all issued in the same second; ${requests.toLocaleString('en')} requests, each person every
${everySeconds} s, on a clock that is moved. Memory store, one process. How to read it: ../../README.md.

${table(['what', 'measured', 'must be'], 'lrl', rows)}
`
}
