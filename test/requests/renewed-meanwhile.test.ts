/** @module What a request finds out late: another tab has begun a generation of its session. Not written is no end. */
import { describe, expect, it } from 'vitest'
import { createPlace, home } from '../attacks/oidc-place.js'
import { issuer } from '../oidc/signer.js'

const frame = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }

describe('a silent check whose session another tab takes up meanwhile', () => {
  it.each(['alias', 'update', 'keepRefresh'] as const)(
    'HLD-06 tries again later, and tells no tab that the session is over: before %s',
    async (name) => {
      let isDue = false
      const place = createPlace({
        description: { check_session_iframe: `${issuer}/check` },
        store: (store) =>
          new Proxy(store, {
            get(target, member) {
              const value: unknown = Reflect.get(target, member)
              if (member !== name || typeof value !== 'function') return value
              return async (...given: unknown[]) => {
                const [address, generation] = given as Parameters<typeof store.update>
                if (isDue) await store.update(address, generation, { generation: 'x'.repeat(22) })
                isDue = false
                return Reflect.apply(value, target, given) as unknown
              }
            },
          }),
      })
      place.script.sid = 's1'
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      place.travel(60)
      place.script.sid = 's2'
      const left = await browser.fetch(`${home}/session/reauthenticate?begin=frame`, { headers: frame })
      const back = await browser.fetch(left.headers.get('location') ?? '', { headers: frame })
      isDue = true
      const answer = await browser.fetch(back.headers.get('location') ?? '', { headers: frame })
      expect(isDue).toBe(false)
      expect(await answer.text()).toContain('"step":"back-off"')
      expect(await place.suite.sessions.list({ subject: 'ana', issuer })).toHaveLength(1)
    },
  )
})
