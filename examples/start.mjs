/**
 * @module `npm run example -- koa`: one of the small examples, and an emulated identity provider for it to sign in at.
 * Settings are those of its `.env.example`, unless the environment has others.
 */
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { prepare, SetUpError } from './set-up.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
/** Folder of each example below this one; of those in several languages, the one for Node. */
const folders = new Map(
  readdirSync(here).flatMap((name) => {
    const folder = [name, `${name}/node`].find((path) => existsSync(`${here}/${path}/app.mjs`))
    return folder === undefined ? [] : [[name, folder]]
  }),
)

async function main(name) {
  const folder = folders.get(name)
  if (folder === undefined) throw new SetUpError(`say which example: ${[...folders.keys()].join(', ')}`)
  await prepare((line) => console.log(line))
  process.loadEnvFile(`${here}/${folder}/.env.example`)
  await startProviderOf(folder)
  await import(`./${folder}/app.mjs`)
  await listening(Number(process.env.PORT))
  console.log(
    `Open ${process.env.CITIZEN_APPLICATION_URL} and sign in as ana, password ana-password. Ctrl-C stops.`,
  )
}

/** The example's own provider where it has one, else the emulator with nothing but the shared cookie. */
async function startProviderOf(folder) {
  if (existsSync(`${here}/${folder}/provider.mjs`)) {
    const { startProvider } = await import(`./${folder}/provider.mjs`)
    return startProvider()
  }
  const { createEmulator } = await import('citizen-session/emulator')
  const { port } = new URL(process.env.CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL)
  const emulator = await createEmulator({ url: process.env.CITIZEN_IDENTITY_PROVIDER_URL })
  await emulator.listen(Number(port))
}

/** Until somebody listens there, a connection is refused; the applications do not say when they do. */
async function listening(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      return await once(socket, 'connect')
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error
    } finally {
      socket.destroy()
    }
  }
}

try {
  await main(process.argv[2])
} catch (error) {
  console.error(error instanceof SetUpError ? error.message : error)
  process.exitCode = 1
}
