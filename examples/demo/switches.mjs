/** @module The switches of the demo: time, the provider's health and keys, and ends that come from outside. */

const longestTravelSeconds = 172_800

/** How much of the life that a token has left one order may pass: what is under way with it meanwhile comes in time. */
const shareOfToken = 0.75

/** What was asked for cannot be done; the message says why. */
class SwitchError extends Error {}

/**
 * Makes the switches.
 * @param {{
 *   emulator: import('citizen-session/emulator').Emulator,
 *   report: (event: object) => void,
 *   follow: (isOn: boolean) => void,
 *   applications: () => readonly { endAllOf(subject: string): Promise<unknown>, keepTime?(): Promise<void> }[],
 * }} parts
 */
export function createSwitches({ emulator, report, applications, follow }) {
  const tell = (type, details) => report({ type, application: 'demo', ...details })

  /** What the shared cookie claims. */
  function claimsIn(cookie = '') {
    const name = `${emulator.cookieNames.payload}=`
    const pair = cookie.split('; ').find((one) => one.startsWith(name))
    try {
      return JSON.parse(Buffer.from(pair.slice(name.length), 'base64url').toString())
    } catch {
      return {}
    }
  }

  /** The living session at the provider that the shared cookie of this request names. */
  const sessionOf = ({ headers: { cookie } }) =>
    emulator.sessions.find((session) => session.jti === claimsIn(cookie).jti)

  function expectSession(request) {
    const session = sessionOf(request)
    if (session === undefined) throw new SwitchError('Nobody is signed in with this browser.')
    return session
  }

  /**
   * Moves the clock as while some other application is used, which extends the identity session as it goes; no farther than
   * the browser's token lives, whose tabs would be signed out before they have the next one. Returns the seconds that are left.
   */
  async function travelInUse(seconds, { username, jti }, { exp = 0 }) {
    const life = exp - emulator.clock() / 1000
    const stride = Math.min(seconds, life > 0 ? life * shareOfToken : 1)
    emulator.travel(stride)
    // Its longest time may be over on the way.
    if (!emulator.sessions.some((session) => session.jti === jti)) return { left: 0 }
    const token = await emulator.tokenFor(username, { session: jti })
    return { left: seconds - stride, cookies: setCookiesOf(token) }
  }

  /** As the provider sets them. */
  function setCookiesOf(token) {
    const { header, payload, signature } = emulator.cookieNames
    const [first, middle, last] = token.split('.')
    const tail = `; Domain=${emulator.domain}; Path=/; SameSite=Lax`
    return [
      `${header}=${first}${tail}; HttpOnly`,
      `${payload}=${middle}${tail}`,
      `${signature}=${last}${tail}; HttpOnly`,
    ]
  }

  const actions = {
    /** `of`: of how many seconds these are what is left. An answer with `left` wants another order, by its cookies. */
    async travel({ seconds, of = seconds, isInUse }, request) {
      if (![seconds, of].every((each) => Number.isFinite(each) && each > 0 && each <= longestTravelSeconds)) {
        throw new SwitchError('That is no time to travel.')
      }
      const session = isInUse === true ? expectSession(request) : undefined
      if (session === undefined) emulator.travel(seconds)
      const { left, cookies } = session
        ? await travelInUse(seconds, session, claimsIn(request.headers.cookie))
        : { left: 0 }
      await Promise.all(applications().map((application) => application.keepTime?.()))
      if (left === 0) tell('demo.travelled', { seconds: Math.round(of), isInUse: session !== undefined })
      return { message: 'The clock of everything has moved on.', left, cookies }
    },
    provider({ isDown }) {
      emulator.faults.set({ down: isDown === true })
      tell(isDown === true ? 'demo.provider-down' : 'demo.provider-up')
      return {
        message: isDown === true ? 'The provider answers nobody now.' : 'The provider answers again.',
      }
    },
    async 'rotate-keys'() {
      await emulator.rotateKeys()
      tell('demo.keys-rotated')
      return { message: 'New tokens are signed with a new key; the old ones stay published.' }
    },
    'follow-identity'({ isOn }) {
      follow(isOn === true)
      return {
        message:
          isOn === true
            ? 'After a change of identity, the next visit leads straight to the provider.'
            : 'After a change of identity, a page with a button comes first.',
      }
    },
    'back-channel'({ isOn }) {
      emulator.faults.set({ openid: isOn === true ? {} : { logoutToken: 'not-sent' } })
      return {
        message:
          isOn === true
            ? 'The provider tells Museum of every end.'
            : 'The provider tells Museum nothing; its page finds out by itself.',
      }
    },
    'end-at-provider'(_order, request) {
      const { jti } = expectSession(request)
      emulator.revoke(jti)
      tell('demo.ended-at-provider')
      return {
        message: 'The provider has ended its session; applications learn of it with their next refresh.',
      }
    },
    async revoke(_order, request) {
      const { username } = expectSession(request)
      const { sub } = emulator.people.find((one) => one.username === username)
      tell('demo.revoked')
      await Promise.all(applications().map((application) => application.endAllOf(sub)))
      return { message: 'An administrator has ended every session of this person.' }
    },
  }

  return {
    sessionOf,
    /** Who the shared cookie says it is. */
    subjectOf: (cookie) => claimsIn(cookie).sub,
    /** Carries out an order of a page. Resolves to what to say about it, and cookies to set. */
    async act(order, request) {
      const action = Object.hasOwn(actions, order?.action) ? actions[order.action] : undefined
      if (action === undefined) throw new SwitchError('There is no such switch.')
      return await action(order, request)
    },
  }
}
