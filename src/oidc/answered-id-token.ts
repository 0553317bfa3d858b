/** @module The ID token of a token answer, as it came: `openid-client` refuses an answer as a whole, and does not always say why. */
import * as client from 'openid-client'

/**
 * Looks at each token answer before `openid-client` does. `taken-out`: it gets the answer without the ID token, which is
 * not judged there then. The answer of the function that is returned is the ID token of the latest answer.
 */
export function watchIdToken(
  configuration: client.Configuration,
  whatFor: 'left-in' | 'taken-out',
): () => unknown {
  const call: client.CustomFetch =
    configuration[client.customFetch] ?? ((url, init) => fetch(url, init as RequestInit))
  let idToken: unknown
  configuration[client.customFetch] = async (url, init) => {
    const response = await call(url, init)
    if (response.status !== 200) return response
    const text = await response.text()
    const rest = { status: response.status, headers: response.headers }
    try {
      const { id_token, ...others } = JSON.parse(text) as Readonly<Record<string, unknown>>
      idToken = id_token
      return new Response(whatFor === 'left-in' ? text : JSON.stringify(others), rest)
    } catch {
      return new Response(text, rest)
    }
  }
  return () => idToken
}
