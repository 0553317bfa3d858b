/** @module Which way in a login takes. */
import type { Exchange } from '../exchange.js'
import type { LoginMethod, LoginRequest } from '../protocols/login-method.js'

/** Chooses among the ways in of one application. */
export interface LoginMethodChoice {
  /** The way in for a request: what the login request names, that of the session which the browser had, or the first. */
  loginMethodFor(exchange: Exchange, loginRequest: LoginRequest): LoginMethod
  /** Name of that way in. */
  loginMethodNameFor(exchange: Exchange, loginRequest: LoginRequest): string
}

/** Makes the choice. `protocolOf`: the protocol by which the session of a request began, whatever became of it. */
export function createLoginMethodChoice(
  loginMethods: ReadonlyMap<string, LoginMethod>,
  protocolOf: (exchange: Exchange) => string | undefined,
): LoginMethodChoice {
  const loginMethodNameFor = (exchange: Exchange, { via }: LoginRequest): string => {
    const names = [via, protocolOf(exchange) ?? '']
    return names.find((name) => loginMethods.has(name)) ?? [...loginMethods.keys()][0] ?? ''
  }
  return {
    loginMethodNameFor,
    loginMethodFor(exchange, loginRequest) {
      const method = loginMethods.get(loginMethodNameFor(exchange, loginRequest))
      if (method === undefined) throw new TypeError('a suite has a way in')
      return method
    },
  }
}
