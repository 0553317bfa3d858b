/** @module The way in by which a browser has signed in last, so that its people choose once. */
import { ownCookieName } from '../cookies/name.js'
import { readCookies } from '../cookies/parse.js'
import type { Exchange } from '../exchange.js'
import type { Sealer } from '../seal.js'

/** Remembers the way in, in a sealed cookie: it says to nobody where the person signs in. */
export interface RememberedWay {
  /** Its name; `undefined`: none, or nothing that we have written. */
  find(exchange: Exchange): string | undefined
  note(exchange: Exchange, name: string): void
}

/** 90 days. */
const rememberedSeconds = 7_776_000
const purpose = 'way-in'

/** Makes the memory of one application. */
export function createRememberedWay(options: {
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
}): RememberedWay {
  const { application, isSecure, sealer } = options
  const cookieName = ownCookieName(application, 'via', isSecure)
  const find = (exchange: Exchange): string | undefined => {
    const header = exchange.header('cookie')
    const [value, ...more] = header?.includes(cookieName) === true ? readCookies(header, cookieName) : []
    if (value === undefined || more.length > 0) return undefined
    try {
      return sealer.open(purpose, cookieName, value)
    } catch {
      // What a newer release remembers is no matter of life: the person chooses once more.
      return undefined
    }
  }
  return {
    find,
    note(exchange, name) {
      if (find(exchange) === name) return
      exchange.setCookie({
        name: cookieName,
        value: sealer.seal(purpose, cookieName, name),
        path: '/',
        maxAgeSeconds: rememberedSeconds,
        httpOnly: true,
        secure: isSecure,
        sameSite: 'lax',
      })
    },
  }
}
