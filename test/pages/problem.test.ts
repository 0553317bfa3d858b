import { describe, expect, it } from 'vitest'
import { problem } from '../../src/pages/problem.js'

const details = { code: 'not-active', reason: 'idle-timeout', detail: 'sign in again' }

describe('problem details', () => {
  it.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [413, 'Content Too Large'],
    [503, 'Service Unavailable'],
    [418, 'Error'],
  ])('carry the status %i and its phrase', (status, title) => {
    const reply = problem(status, { ...details, login: '/session/login' })
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.body ?? '')).toEqual({ title, status, ...details, login: '/session/login' })
  })

  it('leave login out where there is none', () => {
    expect(JSON.parse(problem(503, details).body ?? '')).not.toHaveProperty('login')
  })

  it('add headers, which replace none of their own', () => {
    const headers = { 'retry-after': '5', 'cache-control': 'public', 'content-type': 'text/html' }
    expect(problem(503, { ...details, headers }).headers).toEqual({
      'retry-after': '5',
      'content-type': 'application/problem+json',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    })
  })
})
