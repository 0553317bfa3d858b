/** @module The command: `npm run demo`, with `-- --short` for short timers and `-- --walk` for a walk by itself. */
import { parseArgs } from 'node:util'
import { SetUpError } from '../set-up.mjs'
import { DemoError, defaultPorts, startDemo } from './demo.mjs'
import { preparePermits } from './permits.mjs'
import { walk } from './walk/walk.mjs'

const help = `npm run demo                  an identity provider and five applications on this machine
npm run demo -- --short       the same with timers of seconds, to watch them run out
npm run demo -- --port 5000   on ports 5000 to 5006 (also CITIZEN_DEMO_PORT); 0: any free ones
npm run demo -- --walk        goes through it by itself over HTTP; ends with 0 if all was right, else with 1
npm run demo -- --without-next   leaves out Permits, the application on Next.js, which installs and builds on its own
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
    'without-next': { type: 'boolean' },
  }
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (error) {
    throw new DemoError(`${error.message}\n\n${help}`)
  }
}

async function run({ walk: isWalk, short: isShort, help: isHelp, port, 'without-next': isWithoutNext }) {
  if (isHelp) {
    console.log(help)
    return 0
  }
  const redisUrl = process.env.CITIZEN_REDIS_URL || undefined
  const given = port ?? process.env.CITIZEN_DEMO_PORT
  const ports = isWalk ? anyPorts : given === undefined ? defaultPorts : portsFrom(given)
  const hasPermits = !isWithoutNext && (await permitsArePrepared())
  const hasRegistry = await registryCanBe()
  if (isWalk) {
    const demo = await startDemo({ ports, isShort: true, redisUrl, hasPermits, hasRegistry })
    try {
      return await walk(demo, console.log)
    } finally {
      await demo.close()
    }
  }
  const mustBeThese = given !== undefined
  const demo = await startDemo({ ports, mustBeThese, isShort, redisUrl, hasPermits, hasRegistry })
  const interrupted = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve)
  })
  greet(demo, isShort)
  const signal = await interrupted
  await demo.close()
  console.log(`\nstopped (${signal})`)
  return 0
}

/** Whether there is the third application. Without Next.js the demo still starts. */
async function permitsArePrepared() {
  try {
    await preparePermits((line) => console.log(line))
    return true
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    console.log(`Permits is left out: ${error.message}`)
    return false
  }
}

/** Whether there is the application by SAML. Without xml-crypto the demo still starts. */
async function registryCanBe() {
  try {
    await import('./registry.mjs')
    return true
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    console.log(`Registry is left out: ${error.message}`)
    return false
  }
}

const anyPorts = defaultPorts.map(() => 0)

function portsFrom(text) {
  const first = Number(text)
  if (!/^\d{1,5}$/.test(text) || first > 65_529) throw new DemoError(`"${text}" is no port: give 0 to 65529`)
  return first === 0 ? anyPorts : defaultPorts.map((_, index) => first + index)
}

function greet({ emulator, applications, overview, store }, isShort) {
  const row = (name, text) => `  ${name.padEnd(22)}${text}`
  const then = ({ secondFactor, eeze }) =>
    ({ sms: ', then the code on the page /messages', totp: ', then the code on the page /messages' })[
      secondFactor
    ] ?? (eeze ? ', or the button Eeze' : '')
  console.log(
    [
      '',
      'Open in a browser:',
      row('Overview', `${overview}   all of it side by side`),
      ...applications.map(({ title, url, framework, sensitivity, idleSeconds }) =>
        row(title, `${url}   ${sensitivity}, ends after ${idleSeconds} s without activity (${framework})`),
      ),
      row('Identity provider', emulator.url),
      row('  phone', `${emulator.url}/messages`),
      row('  time and faults', `${emulator.url}/faults`),
      row('Partner', `${emulator.partner.dashboardUrl}   takes people over from Benefits`),
      '',
      'Who can sign in:',
      ...emulator.people.map((one) => row(one.username, `password ${one.shownPassword}${then(one)}`)),
      '',
      `Sessions are kept in ${store}.${isShort ? '' : ' With -- --short the timers run out while you watch.'} Ctrl-C stops.`,
    ].join('\n'),
  )
}
