/** @module The command: `npm run demo`, with `-- --short` for short timers and `-- --walk` for a walk by itself. */
import { parseArgs } from 'node:util'
import { DemoError, defaultPorts, startDemo } from './demo.mjs'
import { walk } from './walk/walk.mjs'

const help = `npm run demo                  an identity provider and two applications on this machine
npm run demo -- --short       the same with timers of seconds, to watch them run out
npm run demo -- --port 5000   on ports 5000, 5001, 5002 (also CITIZEN_DEMO_PORT); 0: any free ones
npm run demo -- --walk        goes through it by itself over HTTP; ends with 0 if all was right, else with 1
CITIZEN_REDIS_URL=redis://127.0.0.1:6379 npm run demo   keeps the sessions in a Redis instead of memory`

/**
 * Runs the demo until it is interrupted, or the walk to its end.
 * @param {readonly string[]} argv
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  try {
    return await run(readOptions(argv))
  } catch (error) {
    if (!(error instanceof DemoError)) throw error
    console.error(error.message)
    return 1
  }
}

function readOptions(argv) {
  const options = {
    walk: { type: 'boolean' },
    short: { type: 'boolean' },
    help: { type: 'boolean' },
    port: { type: 'string' },
  }
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (error) {
    throw new DemoError(`${error.message}\n\n${help}`)
  }
}

async function run({ walk: isWalk = false, short: isShort = false, help: isHelp = false, port }) {
  if (isHelp) {
    console.log(help)
    return 0
  }
  const redisUrl = process.env.CITIZEN_REDIS_URL || undefined
  if (isWalk) {
    const demo = await startDemo({ ports: [0, 0, 0], isShort: true, redisUrl })
    try {
      return await walk(demo, console.log)
    } finally {
      await demo.close()
    }
  }
  const given = port ?? process.env.CITIZEN_DEMO_PORT
  const demo = await startDemo({
    ports: given === undefined ? defaultPorts : portsFrom(given),
    mustBeThese: given !== undefined,
    isShort,
    redisUrl,
  })
  const interrupted = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve)
  })
  greet(demo, isShort)
  const signal = await interrupted
  await demo.close()
  console.log(`\nstopped (${signal})`)
  return 0
}

function portsFrom(text) {
  const first = Number(text)
  if (!/^\d{1,5}$/.test(text) || first > 65_533) throw new DemoError(`"${text}" is no port: give 0 to 65533`)
  return first === 0 ? [0, 0, 0] : [first, first + 1, first + 2]
}

function greet({ emulator, applications, store }, isShort) {
  const row = (name, text) => `  ${name.padEnd(22)}${text}`
  const then = ({ secondFactor, eeze }) =>
    ({ sms: ', then the code on the page /messages', totp: ', then the code on the page /messages' })[
      secondFactor
    ] ?? (eeze ? ', or the button Eeze' : '')
  console.log(
    [
      '',
      'Open in a browser:',
      ...applications.map(({ title, url, suite }) => {
        const { sensitivity, idleSeconds } = suite.options.application
        return row(title, `${url}   ${sensitivity}, ends after ${idleSeconds} s without activity`)
      }),
      row('Identity provider', emulator.url),
      row('  phone', `${emulator.url}/messages`),
      row('  time and faults', `${emulator.url}/faults`),
      '',
      'Who can sign in:',
      ...emulator.people.map((one) => row(one.username, `password ${one.shownPassword}${then(one)}`)),
      '',
      `Sessions are kept in ${store}.${isShort ? '' : ' With -- --short the timers run out while you watch.'} Ctrl-C stops.`,
    ].join('\n'),
  )
}
