/** @module What the doctor says of the gate. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { diagnose } from '../../src/cli/doctor/diagnose.js'
import { type Deployment, startDeployment } from './deployment.js'

const secret = 'q7Vb2mX9tLr4ZkHcW1yNd8sJf5uGp3Ea'
const variables = { CITIZEN_ROUTES_GATE_SECRET: secret }

let deployment: Deployment
let isTakenAway = true
beforeAll(async () => {
  deployment = await startDeployment({
    applications: [
      {
        name: 'benefits',
        options: { routes: { gate: { secret } } },
        before: (app) =>
          app.use((req, _res, next) => {
            if (isTakenAway) delete req.headers['citizen-gate-secret']
            next()
          }),
      },
      { name: 'library' },
    ],
  })
})
afterEach(() => {
  isTakenAway = true
})
afterAll(() => deployment.close())

/** What is said of the gate, by these variables besides those of the application. */
async function look(given: Readonly<Record<string, string>>, url = deployment.origins.benefits ?? '') {
  const { findings } = await diagnose({
    environment: { ...deployment.environment, CITIZEN_APPLICATION_URL: url, ...given },
    urls: [],
    certificates: deployment.certificate,
    // The application makes its keys when they are asked for first.
    timeoutSeconds: 20,
  })
  return findings
}
const ofGate = async (...given: Parameters<typeof look>) =>
  (await look(...given)).filter(({ check }) => check === 'gate')
const said = async (...given: Parameters<typeof look>) =>
  (await ofGate(...given)).map(({ state, code }) => [state, code])

it('says nothing where there is none', async () => {
  expect(await said({})).toEqual([])
})

it('says for whom tokens are, how long one is good, and that keys and proxy are right', async () => {
  const given = { ...variables, CITIZEN_ROUTES_GATE_COOKIES: 'numbered' }
  expect(await said(given)).toEqual([
    ['ok', 'gate'],
    ['ok', 'gate-keys'],
    ['ok', 'gate-header'],
  ])
  const policies = JSON.stringify({ reports: { audience: 'reports-api' } })
  const [finding] = await ofGate({ ...given, CITIZEN_ROUTES_GATE_POLICIES: policies })
  expect(finding?.reason).toContain('reports for reports-api')
  expect(finding?.reason).toContain('60 s at most, and 90 s where a backend lets clocks differ by 30 s')
  const [shorter] = await ofGate({ ...given, CITIZEN_ROUTES_GATE_TOKEN_SECONDS: '20' })
  expect(shorter?.reason).toContain('20 s at most, and 50 s')
})

it('fails nobody for the keys and the subject that only code can give', async () => {
  const findings = await look({ ...variables, CITIZEN_STORE_URL: 'redis://127.0.0.1:1' })
  expect(findings.filter(({ check }) => check === 'configuration').map(({ state }) => state)).toEqual(['ok'])
  expect(findings.some(({ check, code }) => check === 'gate' && code === 'gate-keys')).toBe(true)
})

it.each([
  ['without a secret', { CITIZEN_ROUTES_GATE_COOKIES: 'numbered' }, [['warn', 'gate-without-secret']]],
  [
    'with a secret of few characters, and a shared cookie that is renewed by nobody',
    { CITIZEN_ROUTES_GATE_SECRET: 'abc'.repeat(12) },
    [
      ['ok', 'gate'],
      ['warn', 'gate-weak-secret'],
      ['warn', 'gate-cookies'],
      ['ok', 'gate-keys'],
      ['ok', 'gate-header'],
    ],
  ],
])('warns %s', async (_name, given, expected) => {
  expect(await said(given)).toEqual(expected)
})

it('says what to write in the place of a secret that is too short, and never the secret', async () => {
  const findings = await look({ CITIZEN_ROUTES_GATE_SECRET: 'too-short-a-secret' })
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'configuration', state: 'fail', target: 'routes.gate.secret' }),
  )
  expect(JSON.stringify(findings)).not.toContain('too-short-a-secret')
})

it('fails where backends find no keys, as at an application that has no gate', async () => {
  const given = { ...variables, CITIZEN_ROUTES_GATE_COOKIES: 'numbered' }
  expect(await said(given, deployment.origins.library)).toContainEqual(['fail', 'gate-keys'])
})

it('warns where the proxy lets the header of the secret through', async () => {
  isTakenAway = false
  const found = await ofGate(variables)
  expect(found.map(({ code, state }) => [state, code])).toContainEqual(['warn', 'gate-header'])
  expect(JSON.stringify(found)).not.toContain(secret)
})
