/** @module The identity provider of this example: the emulator as a SAML provider that reads the application's metadata. */
import { createEmulator } from 'citizen-session/emulator'

/** Starts it where `SAML_ORIGIN` says. What it registers is what `citizen-session registration` prints. */
export async function startProvider() {
  const { SAML_ORIGIN, CITIZEN_APPLICATION_URL } = process.env
  const emulator = await createEmulator({
    url: SAML_ORIGIN,
    saml: { serviceProviders: [{ metadataUrl: `${CITIZEN_APPLICATION_URL}/session/saml/metadata` }] },
  })
  await emulator.listen(Number(new URL(SAML_ORIGIN).port))
}
