/** @module The switches of the demo: time, the provider's health and keys, and ends that come from outside. */

const longestTravelSeconds = 172_800

/** What was asked for cannot be done; the message says why. */
class SwitchError extends Error {}

/**
 * Makes the switches.
 * @param {{
 *   emulator: import('citizen-session/emulator').Emulator,
 *   report: (event: object) => void,
 *   applications: () => readonly { endAllOf(subject: string): Promise<unknown>, keepTime?(): Promise<void> }[],
 * }} parts
 */
export function createSwitches({ emulator, report, applications }) {
  const tell = (type, details) => report({ type, application: 'demo', ...details })

  /** The living session at the provider that the shared cookie of this request names. */
  function sessionOf({ headers: { cookie = '' } }) {
    const name = `${emulator.cookieNames.payload}=`
    const pair = cookie.split('; ').find((one) => one.startsWith(name))
    try {
      const { jti } = JSON.parse(Buffer.from(pair.slice(name.length), 'base64url').toString())
      return emulator.sessions.find((session) => session.jti === jti)
    } catch {
      return undefined
    }
  }

  function expectSession(request) {
    const session = sessionOf(request)
    if (session === undefined) throw new SwitchError('Nobody is signed in with this browser.')
    return session
  }

  const actions = {
    async travel({ seconds }) {
      if (!(Number.isFinite(seconds) && seconds > 0 && seconds <= longestTravelSeconds)) {
        throw new SwitchError('That is no time to travel.')
      }
      emulator.travel(seconds)
      await Promise.all(applications().map((application) => application.keepTime?.()))
      tell('demo.travelled', { seconds: Math.round(seconds) })
      return 'The clock of everything has moved on.'
    },
    provider({ isDown }) {
      emulator.faults.set({ down: isDown === true })
      tell(isDown === true ? 'demo.provider-down' : 'demo.provider-up')
      return isDown === true ? 'The provider answers nobody now.' : 'The provider answers again.'
    },
    async 'rotate-keys'() {
      await emulator.rotateKeys()
      tell('demo.keys-rotated')
      return 'New tokens are signed with a new key; the old ones stay published.'
    },
    'end-at-provider'(_order, request) {
      const { jti } = expectSession(request)
      emulator.revoke(jti)
      tell('demo.ended-at-provider')
      return 'The provider has ended its session; applications learn of it with their next refresh.'
    },
    async revoke(_order, request) {
      const { username } = expectSession(request)
      const { sub } = emulator.people.find((one) => one.username === username)
      tell('demo.revoked')
      await Promise.all(applications().map((application) => application.endAllOf(sub)))
      return 'An administrator has ended every session of this person.'
    },
  }

  return {
    sessionOf,
    /** Carries out an order of a page. Resolves to what to say about it. */
    async act(order, request) {
      const action = Object.hasOwn(actions, order?.action) ? actions[order.action] : undefined
      if (action === undefined) throw new SwitchError('There is no such switch.')
      return await action(order, request)
    },
  }
}
