/** @module Developer, SSO settings: the public key goes in, `jwks.json` comes out, issuer and audience are shown. */
import { CitizenSessionError } from '../../errors.js'
import type { Context } from '../context.js'
import { say } from '../language.js'
import { type Content, html } from '../markup.js'
import { redirect } from '../page.js'
import type { Route } from '../route.js'
import { readBytes } from '../visit.js'
import { alertOf, partnerPage } from './frame.js'
import { KeyUploadError, type PartnerState } from './partner.js'

const path = '/partner/developer/sso'

/** `GET` shows the page, `POST` does what its forms say. */
export function createSettings(partner: PartnerState): Route {
  return {
    GET: (context) => settingsPage(context, partner),
    async POST(context, { request }) {
      const form = await readUpload(request)
      try {
        await change(partner, form)
      } catch (error) {
        if (!(error instanceof CitizenSessionError)) throw error
        const problem = error instanceof KeyUploadError ? wordsOf(error.problem) : addressWords()
        return settingsPage(context, partner, { status: 400, problem })
      }
      return redirect(path)
    },
  }
}

/** `GET /partner/developer/jwks.json`: the file, to be published at `/.well-known/jwks.json` of the organisation. */
export const createKeySetFile = (partner: PartnerState): Route => ({
  isApi: true,
  GET: () =>
    new Response(`${JSON.stringify(partner.jwks(), undefined, 2)}\n`, {
      headers: {
        'content-type': 'application/json',
        'content-disposition': 'attachment; filename="jwks.json"',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    }),
})

/** A form with a file, or one without. @throws `body-malformed`, status 415; `body-too-large`, status 413 */
async function readUpload(request: Request): Promise<FormData> {
  const type = request.headers.get('content-type') ?? ''
  const body = await readBytes(request)
  try {
    return await new Response(body, { headers: { 'content-type': type } }).formData()
  } catch (cause) {
    throw new CitizenSessionError('body-malformed', 'a form is expected', { status: 415, cause })
  }
}

async function change(partner: PartnerState, form: FormData): Promise<void> {
  const text = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  switch (text('do')) {
    case 'upload': {
      const file = form.get('public')
      const kid = text('kid')
      const pem = file === null || typeof file === 'string' ? (file ?? '') : await file.text()
      partner.uploadKey(pem, kid === '' ? undefined : kid)
      return
    }
    case 'remove':
      partner.removeKey(text('kid'))
      return
    case 'address': {
      const address = text('address')
      partner.registerJwksUrl(address === '' ? undefined : address)
    }
  }
}

function wordsOf(problem: KeyUploadError['problem']): string {
  switch (problem) {
    case 'private-key':
      return say(
        'This is a private key. Upload the public one (openssl rsa -in sso_private.pem -pubout), and replace this key if anybody else saw it.',
        'C’est une clé privée. Déposez la clé publique (openssl rsa -in sso_private.pem -pubout), et remplacez cette clé si quelqu’un d’autre l’a vue.',
      )
    case 'unreadable':
      return say(
        'There is no public key in this file. It begins with BEGIN PUBLIC KEY.',
        'Il n’y a pas de clé publique dans ce fichier. Elle commence par BEGIN PUBLIC KEY.',
      )
    case 'not-rsa':
      return say('Only RSA keys are taken: RS256.', 'Seules les clés RSA sont prises : RS256.')
    case 'too-short':
      return say(
        'The key has fewer than 2048 bits; 3072 are recommended.',
        'La clé a moins de 2048 bits ; 3072 sont recommandés.',
      )
    case 'several-keys':
      return say(
        'There are several keys in this file. Upload the one that signs, alone.',
        'Il y a plusieurs clés dans ce fichier. Déposez seule celle qui signe.',
      )
    case 'too-long':
      return say('The key has more than 8192 bits.', 'La clé a plus de 8192 bits.')
    case 'exponent':
      return say(
        'The exponent of this key makes its signatures worthless. It is usually 65537.',
        'L’exposant de cette clé rend ses signatures sans valeur. C’est d’habitude 65537.',
      )
    case 'kid':
      return say(
        'A kid is letters, digits, hyphens, underscores and dots.',
        'Un kid se compose de lettres, de chiffres, de tirets et de points.',
      )
    case 'kid-taken':
      return say('There is a key of this kid already.', 'Il y a déjà une clé de ce kid.')
    case 'too-many':
      return say('There are 16 keys. Remove one first.', 'Il y a 16 clés. Retirez-en une d’abord.')
  }
}

const addressWords = (): string =>
  say(
    'The address of a key set is https, as in https://yourdomain.com/.well-known/jwks.json.',
    'L’adresse d’un jeu de clés est en https, comme https://yourdomain.com/.well-known/jwks.json.',
  )

interface Outcome {
  readonly status?: number
  readonly problem?: string
}

function settingsPage(context: Context, partner: PartnerState, { status, problem }: Outcome = {}): Response {
  const { issuer, audience, ssoUrl } = partner
  return partnerPage(context, {
    title: say('Developer, SSO settings', 'Développeur, réglages SSO'),
    status,
    content: html`${alertOf(problem)}
<section><h2>${say('Your connection', 'Votre connexion')}</h2>
<p class="soft">${say('Generated for your organisation; put them into your application letter by letter.', 'Créés pour votre organisation ; reprenez-les lettre par lettre dans votre application.')}</p>
<table><tbody>
<tr><th scope="row">Issuer</th><td><code id="issuer">${issuer}</code></td></tr>
<tr><th scope="row">Audience</th><td><code id="audience">${audience}</code></td></tr>
<tr><th scope="row">${say('Sign-in', 'Connexion')}</th><td><code>${ssoUrl}</code><br><small class="soft">POST, <code>token</code></small></td></tr>
</tbody></table>
<p>${say('For the examples in Java, PHP and Node:', 'Pour les exemples en Java, PHP et Node :')}</p>
<p><code>export SSO_ISSUER=${issuer} SSO_AUDIENCE=${audience}</code></p></section>
<section><h2>${say('Public key', 'Clé publique')}</h2>
<form method="post" action="${path}" enctype="multipart/form-data">
<label for="public">sso_public.pem</label><input id="public" name="public" type="file" accept=".pem,.crt,.cer" required>
<label for="kid">Key ID (kid)</label><input id="kid" name="kid" value="${partner.nextKid()}" maxlength="128" required>
<button name="do" value="upload">${say('Upload', 'Déposer')}</button></form>
${keyList(partner)}</section>
<section><h2>${say('Your key set', 'Votre jeu de clés')}</h2>
<form method="post" action="${path}"><label for="address">${say('Address', 'Adresse')}</label>
<input id="address" name="address" type="url" value="${partner.jwksUrl ?? ''}" placeholder="https://yourdomain.com/.well-known/jwks.json" aria-describedby="address-hint">
<p class="soft" id="address-hint">${say('Keys are fetched from here at each sign-in. Without an address the uploaded keys count.', 'Les clés sont lues ici à chaque connexion. Sans adresse, les clés déposées comptent.')}</p>
<button name="do" value="address">${say('Save', 'Enregistrer')}</button></form></section>
${loginList(partner)}`,
  })
}

function keyList(partner: PartnerState): Content {
  const { keys } = partner.jwks()
  if (keys.length === 0) return html`<p class="soft">${say('No key yet.', 'Pas encore de clé.')}</p>`
  return html`${keys.map(
    ({
      kid,
    }) => html`<form method="post" action="${path}"><p><code>${kid}</code> <input type="hidden" name="kid" value="${kid}">
<button class="plain" name="do" value="remove" aria-label="${say('Remove', 'Retirer')} ${kid}">${say('Remove', 'Retirer')}</button></p></form>`,
  )}
<p><a href="/partner/developer/jwks.json" download>jwks.json</a></p>
<pre tabindex="0" aria-label="jwks.json"><code>${JSON.stringify(partner.jwks(), undefined, 2)}</code></pre>`
}

function loginList({ logins }: PartnerState): Content {
  if (logins.length === 0) return undefined
  return html`<section><h2>${say('Last sign-ins', 'Dernières connexions')}</h2><table><thead><tr>
<th scope="col">${say('Time', 'Heure')}</th><th scope="col">${say('Result', 'Résultat')}</th><th scope="col">${say('Account', 'Compte')}</th></tr></thead><tbody>
${logins
  .slice(0, 10)
  .map(
    ({ at, outcome, sub }) =>
      html`<tr><td>${new Date(at).toISOString().slice(11, 19)}</td><td><code>${outcome}</code></td><td>${sub ?? ''}</td></tr>`,
  )}</tbody></table></section>`
}
