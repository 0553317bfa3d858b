/** @module The other two parties: the identity provider, and the partner with its dashboard. Both are the emulator's. */
import { createEmulator } from 'citizen-session/emulator'
import { jwksPath } from 'citizen-session/sso'

/** Starts them, and does what somebody does by hand at the partner's dashboard. */
export async function startProvider() {
  const { CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL, CITIZEN_IDENTITY_PROVIDER_URL, PORT, SSO_PARTNER_HOST } =
    process.env
  const emulator = await createEmulator({
    url: CITIZEN_IDENTITY_PROVIDER_URL,
    partner: { host: SSO_PARTNER_HOST, jwksUrl: `http://127.0.0.1:${PORT}${jwksPath}` },
  })
  await emulator.listen(Number(new URL(CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL).port))
  const { partner } = emulator
  // Settings, User Management: only who has an account there can come. Ben has none.
  const { sub, name } = emulator.people.find(({ username }) => username === 'ana')
  partner.registerUser({ sub, name })
  // What the dashboard shows under Developer, SSO settings, goes into the application's variables.
  process.env.SSO_ISSUER = partner.issuer
  process.env.SSO_AUDIENCE = partner.audience
  process.env.SSO_PARTNER_URL = partner.ssoUrl
  console.log(`The partner's dashboard is at ${partner.dashboardUrl}`)
}
