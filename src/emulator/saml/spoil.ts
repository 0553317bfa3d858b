/** @module What the faults do to the text of a message after it was made: wrap, double, comment, DOCTYPE. */

/** A message with its id and what a forger would write instead of its subject. */
export interface Spoilable {
  readonly text: string
  /** Id of the element that is signed. */
  readonly signedId: string
  readonly forgedId: string
  readonly isAssertionSigned: boolean
}

const forgedSubject = 'mallory@evil.example'

/** A copy without its signature, of another id and subject. */
function forge(text: string, { signedId, forgedId }: Spoilable) {
  return text
    .replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, '')
    .replaceAll(signedId, forgedId)
    .replace(/(<saml:NameID[^>]*>)[^<]*/, `$1${forgedSubject}`)
}

/** The forged message around or before the signed one. Source: Somorovsky et al., "On Breaking SAML", 2012. */
function wrap(message: Spoilable): string {
  const { text } = message
  if (message.isAssertionSigned) {
    const assertion = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(text)?.[0]
    return assertion === undefined
      ? text
      : text.replace(assertion, `${forge(assertion, message)}${assertion}`)
  }
  const forged = forge(text, message)
  const end = forged.lastIndexOf('</samlp:')
  return `${forged.slice(0, end)}<samlp:Extensions>${text}</samlp:Extensions>${forged.slice(end)}`
}

/** Applies the faults that change the finished text. */
export function spoil(message: Spoilable, faults: ReadonlySet<string>): string {
  let { text } = message
  if (faults.has('comment')) {
    // Canonical XML drops comments: the signature still fits, and a careless reader sees half of the name.
    text = text.replace(/(<saml:NameID[^>]*>)([^<]*)/, (_, open: string, value: string) => {
      const half = Math.ceil(value.length / 2)
      return `${open}${value.slice(0, half)}<!---->${value.slice(half)}`
    })
    if (text === message.text) text = text.replace(/(<saml:Issuer[^>]*>)(.)/, '$1$2<!---->')
  }
  if (faults.has('wrapped')) text = wrap({ ...message, text })
  if (faults.has('two-roots')) text = `${forge(text, message)}${text}`
  if (faults.has('doctype')) {
    const root = /^<([\w:]+)/.exec(text)?.[1] ?? 'x'
    text = `<!DOCTYPE ${root} [<!ENTITY who "${forgedSubject}">]>${text}`
  }
  return text
}
