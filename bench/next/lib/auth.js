/** @module The session layer of the application on Next.js; the same settings as on the other platforms. */
import { citizenSession } from 'citizen-session/next'

const provider = 'https://id.citizen.localhost'

export const auth = citizenSession({
  // In production an identity provider must have an https address; the bench's has none.
  identityProvider: { url: provider, issuer: process.env.BENCH_PROVIDER_URL },
  fetch: (input, init) =>
    fetch(String(input).replace(provider, process.env.BENCH_PROVIDER_INTERNAL_URL), init),
  sharedCookie: { domain: 'citizen.localhost' },
  application: {
    id: 'bench',
    url: 'https://bench.citizen.localhost',
    secrets: ['a secret of thirty-two bytes or more'],
  },
  onEvent: () => undefined,
})
