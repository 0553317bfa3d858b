/** @module The provider's answer to a request of ours to sign in, with the keys of its metadata. */
import { decodePost } from './encoding.js'
import type { MessageBearer } from './metadata-source.js'
import { type Received, verifyWithKeys } from './receive-message.js'
import { type LoginResponse, verifyLoginResponse } from './response.js'
import { requestIdOf, rulesFor, type ServiceProvider } from './service-provider.js'

/** Logins that are remembered as having asked for newer metadata. */
const mostRenewedFor = 1000

/** What the answers of one provider are verified with. */
export interface AnswerContext extends ServiceProvider {
  /** States of requests for which metadata has been fetched anew, the oldest first. */
  readonly renewedFor: Set<string>
}

/** Verifies the answer to the request of that state. @throws SamlError, SamlMetadataError */
export async function verifyAnswer(
  context: AnswerContext,
  received: Received,
  state: string,
): Promise<LoginResponse> {
  const { options, addresses } = context
  const xml = decodePost(received.value)
  const { value } = await verifyWithKeys(
    context,
    (keys) =>
      verifyLoginResponse(xml, {
        ...rulesFor(context, addresses.assertionConsumer),
        requestId: requestIdOf('sign-in', state),
        keys,
        decryptionKeys: options.decryptionKeys,
      }),
    () => bearerOf(context, state),
  )
  return value
}

/** A login is let past all others once: whoever sends junk with its state is anybody from then on. */
function bearerOf({ renewedFor }: AnswerContext, state: string): MessageBearer {
  if (renewedFor.has(state)) return 'anybody'
  const [oldest] = renewedFor
  if (renewedFor.size >= mostRenewedFor && oldest !== undefined) renewedFor.delete(oldest)
  renewedFor.add(state)
  return 'login'
}
