/** @module The identity provider of this example: the emulator as an OpenID provider that knows one client. */
import { createEmulator } from 'citizen-session/emulator'

/** Starts it where `OPENID_ISSUER` says. What is registered is what `citizen-session registration` prints. */
export async function startProvider() {
  const { OPENID_ISSUER, OPENID_CLIENT_ID, OPENID_CLIENT_SECRET, CITIZEN_APPLICATION_URL } = process.env
  const at = (route) => `${CITIZEN_APPLICATION_URL}/session/${route}`
  const emulator = await createEmulator({
    url: OPENID_ISSUER,
    openid: {
      clients: [
        {
          client_id: OPENID_CLIENT_ID,
          client_secret: OPENID_CLIENT_SECRET,
          redirect_uris: [at('callback'), at('reauthenticate')],
          post_logout_redirect_uris: [at('return')],
          backchannel_logout_uri: at('backchannel-logout'),
          backchannel_logout_session_required: true,
          performSessionStatusNotification: true,
        },
      ],
    },
  })
  await emulator.listen(Number(new URL(OPENID_ISSUER).port))
}
