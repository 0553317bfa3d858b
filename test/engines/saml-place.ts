/** @module Two applications of a SAML provider over https behind helmet, each of the three on a site of its own. */
import { getRequestListener } from '@hono/node-server'
import { createEmulator, type Emulator, type SamlOptions } from '../../src/emulator/index.js'
import { memoryStore } from '../../src/index.js'
import { saml } from '../../src/saml/saml.js'
import { keyOf } from '../saml/world.js'
import type { HttpsSites } from '../support/https-sites.js'
import { applications, type Framework } from './applications.js'

/** The hosts of the two applications, below `localhost`. */
export const samlParties = ['permits', 'benefits'] as const

/** Serves a provider that leads a sign-out through its other applications. */
export async function openSamlPlace(
  sites: HttpsSites,
  framework: Framework,
  binding: 'redirect' | 'post',
): Promise<Emulator> {
  const provider = sites.originOf('id.citizen')
  const serviceProviders = samlParties.map((name): SamlOptions['serviceProviders'][number] => ({
    entityId: `${sites.originOf(name)}/session/saml/metadata`,
    acsUrl: `${sites.originOf(name)}/session/saml/acs`,
    logout: { [binding]: `${sites.originOf(name)}/session/saml/slo` },
    certificate: keyOf(name).certificate,
  }))
  const emulator = await createEmulator({
    url: provider,
    saml: { serviceProviders, frontChannel: 'redirects' },
  })
  sites.serve(
    'id.citizen',
    getRequestListener((request) => emulator.handle(request)),
  )
  for (const name of samlParties) {
    const plugin = saml({
      identityProvider: `${provider}/saml/metadata`,
      metadataUrl: `${provider}/saml/metadata`,
      signInBinding: binding,
      logoutBinding: binding,
      ...keyOf(name),
    })
    const secrets = ['a secret of thirty-two bytes or more']
    const application = { id: name, url: sites.originOf(name), secrets }
    const parts = { store: memoryStore(), fetch: emulator.fetch, onEvent: () => undefined }
    sites.serve(name, applications[framework]({ application, protocols: [plugin], ...parts }))
  }
  return emulator
}
