/**
 * @module `npm start`: the application in development mode, and an emulated identity provider to sign in at.
 * Settings are those of `.env.example`, unless the environment has others.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createEmulator } from 'citizen-session/emulator'

process.loadEnvFile(fileURLToPath(new URL('.env.example', import.meta.url)))
const { CITIZEN_APPLICATION_URL, CITIZEN_IDENTITY_PROVIDER_URL, CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL } =
  process.env
const emulator = await createEmulator({ url: CITIZEN_IDENTITY_PROVIDER_URL })
await emulator.listen(Number(new URL(CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL).port))

const next = fileURLToPath(import.meta.resolve('next/dist/bin/next'))
const { port } = new URL(CITIZEN_APPLICATION_URL)
const child = spawn(process.execPath, [next, 'dev', '--hostname', 'localhost', '--port', port], {
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  stdio: 'inherit',
})
console.log(`Open ${CITIZEN_APPLICATION_URL} and sign in as ana, password ana-password. Ctrl-C stops.`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
child.once('exit', async (code) => {
  await emulator.close()
  process.exitCode = code ?? 0
})
