/** @module The provider in a process of its own: one emulator by shared cookie, OpenID Connect and SAML. */
import { createEmulator } from 'citizen-session/emulator'

const emulator = await createEmulator(JSON.parse(process.env.CITIZEN_EIGHT_SETTINGS))

/** What it knows of a person, once everybody whom it tells of an end has answered. */
async function look(person) {
  await Promise.all([emulator.openid.settled(), emulator.saml.settled()])
  return {
    sessions: emulator.sessions.filter(({ username }) => username === person).length,
    openid: emulator.openid.deliveries.flatMap(({ sub, clientId, outcome, status }) =>
      sub === person ? [{ clientId, outcome, status }] : [],
    ),
    saml: emulator.saml.deliveries.flatMap(({ nameId, serviceProvider, state, status, problem }) =>
      nameId === person ? [{ serviceProvider, state, status, problem }] : [],
    ),
  }
}

process.on('disconnect', () => process.exit())
process.on('message', async (message) => {
  if ('revoke' in message) process.send({ revoked: emulator.revoke(message.revoke) })
  if ('look' in message) process.send({ looked: await look(message.look) })
})
process.send({ isReady: true })
