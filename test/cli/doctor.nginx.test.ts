import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnose } from '../../src/cli/doctor/diagnose.js'
import { startNginx } from '../support/nginx.js'
import { type Deployment, startDeployment } from './deployment.js'

let deployment: Deployment

beforeAll(async () => {
  deployment = await startDeployment({
    applications: [{ name: 'benefits' }, { name: 'library' }],
    proxy: startNginx,
  })
})

afterAll(() => deployment.close())

describe('doctor and applications behind nginx', () => {
  it('finds nothing wrong', async () => {
    const { findings } = await diagnose({
      environment: { ...deployment.environment, NODE_ENV: 'development' },
      urls: [deployment.origins.library ?? ''],
      certificates: deployment.certificate,
    })
    expect(findings.filter(({ state }) => state === 'fail' || state === 'warn')).toEqual([])
    expect(findings.filter(({ check, state }) => check === 'cookies' && state === 'ok')).toHaveLength(2)
  })

  it('names a certificate that is not trusted', async () => {
    const { findings } = await diagnose({ environment: deployment.environment, urls: [] })
    const failed = findings.filter(({ state }) => state === 'fail')
    expect(failed.map(({ code }) => code)).toEqual([
      'login-unreachable',
      'provider-logout-unreachable',
      'application-unreachable',
    ])
    expect(failed[0]?.remedy).toContain('--ca')
  })

  it('names an application that nginx does not know', async () => {
    const { findings } = await diagnose({
      environment: deployment.environment,
      urls: [`https://permits.citizen.localhost:${deployment.port}`],
      certificates: deployment.certificate,
    })
    expect(findings.find(({ code }) => code === 'application-missing')?.reason).toContain('421')
  })
})
