import { describe, expect, it } from 'vitest'
import { sharedCookies } from '../../src/shared-cookie/serialize.js'

const parts = { header: 'h', payload: 'p', signature: 's' }
const names = { header: 'c1_header', payload: 'c1_payload', signature: 'c1_signature' }
const attributes = { names, domain: 'example.gov', path: '/', sameSite: 'lax', secure: true } as const

describe('the shared cookie', () => {
  it('is three cookies, of which scripts may read the payload only', () => {
    const common = {
      domain: 'example.gov',
      path: '/',
      maxAgeSeconds: undefined,
      secure: true,
      sameSite: 'lax',
    }
    expect(sharedCookies(parts, attributes)).toEqual([
      { name: 'c1_header', value: 'h', httpOnly: true, ...common },
      { name: 'c1_payload', value: 'p', httpOnly: false, ...common },
      { name: 'c1_signature', value: 's', httpOnly: true, ...common },
    ])
  })

  it('follows the configured attributes', () => {
    const cookies = sharedCookies(parts, {
      ...attributes,
      domain: false,
      path: '/x',
      sameSite: 'none',
      maxAgeSeconds: 60,
    })
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({ domain: undefined, path: '/x', sameSite: 'none', maxAgeSeconds: 60 })
    }
  })
})
