/** @module What the partner adds to the control interface: its state, and the dashboard for programs. */
import { CitizenSessionError } from '../../errors.js'
import type { ControlPart } from '../controls.js'
import { html } from '../markup.js'
import type { PartnerState } from './partner.js'

type Body = Readonly<Record<string, unknown>>

/** The part of a partner. */
export const createPartnerPart = (partner: PartnerState): ControlPart => ({
  name: 'partner',
  steered: [],
  state: () => ({
    issuer: partner.issuer,
    audience: partner.audience,
    ssoUrl: partner.ssoUrl,
    dashboardUrl: partner.dashboardUrl,
    jwksUrl: partner.jwksUrl,
    jwks: partner.jwks(),
    users: partner.users,
    logins: partner.logins,
  }),
  actions: {
    '/emulator/partner-key': ({ pem, kid, remove }) => {
      if (typeof remove === 'string') return { removed: partner.removeKey(remove) }
      if (kid !== undefined && typeof kid !== 'string') throw wrong('kid is a text')
      return { key: partner.uploadKey(textOf({ pem }, 'pem'), kid) }
    },
    '/emulator/partner-address': ({ url }) => {
      partner.registerJwksUrl(url === null ? undefined : textOf({ url }, 'url'))
      return { jwksUrl: partner.jwksUrl ?? null }
    },
    '/emulator/partner-user': ({ sub, name, remove }) => {
      if (typeof remove === 'string') return { removed: partner.removeUser(remove) }
      partner.registerUser({
        sub: textOf({ sub }, 'sub'),
        ...(name !== undefined && { name: textOf({ name }, 'name') }),
      })
      return { users: partner.users }
    },
  },
  fields: () => undefined,
  section: () =>
    html`<section><h2>Partner</h2><p><a href="${partner.dashboardUrl}">SSO settings</a>: issuer <code>${partner.issuer}</code>, audience <code>${partner.audience}</code></p></section>`,
})

function textOf(body: Body, name: string): string {
  const value = body[name]
  if (typeof value === 'string') return value
  throw wrong(`the body must have "${name}", a text`)
}

const wrong = (message: string) => new CitizenSessionError('emulator', message, { status: 400 })
