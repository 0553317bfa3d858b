/** @module The next sign-in after the provider's own logout message, on the memory store. */
import { describeAfterProviderLogout } from './after-provider-logout.js'

describeAfterProviderLogout('the memory store')
