/** @module Recognises the commonest domains that no application may share cookies on. */

const generic = new Set(['ac', 'co', 'com', 'edu', 'net', 'org'])

const government = new Set(
  'gov.au gov.br gov.cn gov.hk gov.ie gov.il gov.in gov.it gov.my gov.ph gov.pl gov.pt gov.sg gov.tr gov.tw gov.ua gov.uk gov.za govt.nz gouv.fr gob.mx gob.es go.jp go.kr'.split(
    ' ',
  ),
)

const regional = new Set(
  'ab.ca bc.ca gc.ca mb.ca nb.ca nf.ca nl.ca ns.ca nt.ca nu.ca on.ca pe.ca qc.ca sk.ca yk.ca ne.jp or.jp or.kr'.split(
    ' ',
  ),
)

const hosting = new Set(
  'github.io gitlab.io vercel.app netlify.app herokuapp.com azurewebsites.net pages.dev workers.dev web.app firebaseapp.com cloudfront.net fly.dev onrender.com run.app amazonaws.com'.split(
    ' ',
  ),
)

/**
 * Whether strangers can have names below this domain, as far as that can be told without the whole public suffix
 * list. Browsers refuse cookies there. Source: RFC 6265bis, section 5.6.3 (`CK-04`).
 */
export function isCommonPublicSuffix(domain: string): boolean {
  const labels = domain.split('.')
  if (labels.length < 2) return true
  if (government.has(domain) || regional.has(domain) || hosting.has(domain)) return true
  const [second = '', top = ''] = labels
  return labels.length === 2 && top.length === 2 && generic.has(second)
}
