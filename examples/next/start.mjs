/** @module `npm start`: the application in development mode, signing in at the emulated identity provider. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createEmulator } from 'citizen-session/emulator'

const port = process.env.PORT ?? '3000'
const emulator = await createEmulator({ port: Number(process.env.EMULATOR_PORT ?? 4000) })
const url = `http://benefits.${emulator.domain}:${port}`
const next = fileURLToPath(
  new URL('bin/next', import.meta.resolve('next/package.json').replace(/package\.json$/, 'dist/')),
)

const child = spawn(process.execPath, [next, 'dev', '--hostname', 'localhost', '--port', port], {
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    CITIZEN_APPLICATION_ID: 'benefits',
    CITIZEN_APPLICATION_URL: url,
    CITIZEN_IDENTITY_PROVIDER_URL: emulator.url,
    CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: emulator.internalUrl,
    CITIZEN_SHARED_COOKIE_DOMAIN: emulator.domain,
  },
})
console.log(`Open ${url} and sign in as ana, password ana-password. Ctrl-C stops.`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
child.once('exit', async (code) => {
  await emulator.close()
  process.exitCode = code ?? 0
})
