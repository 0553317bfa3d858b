/** @module `npm run bench -- --scale`: what grows with the number of people, one part after the other. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ends } from './ends.mjs'
import { flatCost } from './flat-cost.mjs'
import { nearCommands } from './near-commands.mjs'
import { refresh } from './refresh.mjs'
import { sessions } from './sessions.mjs'

/** Every part by its name: `(options) => text of its page`. A part writes `results/<name>.md`. */
const parts = { 'flat-cost': flatCost, 'near-commands': nearCommands, sessions, ends, refresh }

/** Runs the chosen parts. Returns the exit code. */
export async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      scale: { type: 'boolean' },
      part: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      'no-file': { type: 'boolean', default: false },
    },
  })
  const chosen = values.part ?? Object.keys(parts)
  const unknown = chosen.find((name) => !Object.hasOwn(parts, name))
  if (unknown !== undefined) {
    console.error(`no part ${unknown}: there are ${Object.keys(parts).join(', ')}`)
    return 2
  }
  const say = (line) => console.error(line)
  for (const name of chosen) {
    const text = await parts[name]({ isQuick: values.quick, say })
    console.log(text)
    if (values['no-file'] || values.quick) continue
    const folder = new URL('results/', import.meta.url)
    mkdirSync(folder, { recursive: true })
    writeFileSync(new URL(`${name}.md`, folder), text)
  }
  return 0
}
