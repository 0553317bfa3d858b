/** @module Writes the page of all options from their table. */
import { optionTable } from '../../src/config/options.js'
import { declaredIn, defaultOf, variableWords } from './declared.js'

/** Every option of a suite as it is declared. */
export const declaredOptions = declaredIn('src/config/options.ts', 'optionTable', optionTable)

/** The whole page. */
export function optionsPage(): string {
  const rows = [...declaredOptions].map(([path, declared]) => {
    const cells = [`\`${path}\``, variableWords(path, declared.option), defaultOf(declared), declared.meaning]
    return `| ${cells.join(' | ')} |`
  })
  return `# Options

One object, the same for every adapter, nested as the dots say. An option given in code wins over its environment
variable, and the variable over the default. An empty variable counts as not set.

In a variable a list is comma-separated, a boolean is \`true\` or \`false\`, parameters are a query string, as in
\`prompt=login&max_age=0\`, and \`header.applications\` is JSON. Durations are in the unit that their name ends with.

What is a secret, or holds one, may be in a file: the variable with \`_FILE\` at its end names it, as in
\`CITIZEN_APPLICATION_SECRETS_FILE=/run/secrets/sessions\`. It is read once, at the start; several secrets stand one a line, the
newest first, or separated by commas. A variable and its file together are refused.

Everything that is missing or wrong is reported at once, at start, in one \`ConfigurationError\`: its \`problems\` list
each with its path, its variable and what to write. An unknown option is refused with the nearest name; so is a
variable that is a letter or two away from one of ours, and one with \`_FILE\` behind it where no file is read.

The options of [\`oidc()\`](oidc.md#options) and [\`saml()\`](saml.md#options) have variables too, and are told of in the same
error.

| option | variable | default | meaning |
|---|---|---|---|
${rows.join('\n')}

## Rules between options

- Addresses are https. Plain http is accepted only for \`localhost\`, \`*.localhost\`, 127.0.0.0/8 and \`[::1]\`, and never
  with \`NODE_ENV=production\`. Where \`application.url\` is http, our own cookies lose their prefix and \`Secure\`.
- \`sharedCookie.domain\` is the host of \`application.url\` and of \`identityProvider.url\`, or above both. It has a dot, is
  not an IP address and not a public suffix. \`false\` means that both have the very same host.
- A cookie name with \`__Host-\` has no domain and the path \`/\`; \`__Host-\`, \`__Secure-\` and \`sameSite\` \`none\` need https.
  The three names differ.
- What \`header.applications\` names lies on \`header.domain\`, as the host of \`application.url\` does, each at another
  address: \`[{ name: 'Library', url: 'https://library.example.gov' }]\`, at most 32.
- \`application.idleSeconds\` is at most \`application.absoluteSeconds\`, and \`identityProvider.keys.floorSeconds\` at most
  \`identityProvider.keys.ceilingSeconds\`. A default gives way to the other value by itself.
- \`onSignIn\` runs until it has succeeded once for a session, on whichever instance the next request comes to: the record
  says that it is due. At least once, so it must not mind to run again (an instance may end in the middle of it), and
  one at a time. Meanwhile requests of the same process wait for it; elsewhere the citizen is \`unavailable\` with the
  reason \`sign-in\`, guards answer 503. While it throws, the requests of the session fail with what it throws.
- \`identityProvider\` (but for \`keys.rememberedTokens\`) and \`sharedCookie\` may be left out altogether where \`protocols\`
  names another way to sign in.
- \`application.secrets\` is required with a shared store (a Redis, or any store whose \`isShared\` is true), and with
  \`protocols\`.
- \`identityProvider.reauthenticateParameters\` does not name \`identityProvider.returnParameter\`. A shared token does not
  say when the person authenticated: that it was asked for, and that its session value was never seen before, is all that
  proves a new login. A person who changes the address before it is sent takes the question out, so the provider must
  not give a new session value without asking.

To change a secret without signing anybody out, put the new one first and keep the old one behind it until the longest
session is over.
`
}
