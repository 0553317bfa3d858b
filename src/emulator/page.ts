/** @module The frame of every page of the emulator: style, headers, redirects. */
import { createHash } from 'node:crypto'
import { type Context, returnRules } from './context.js'
import { language, say } from './language.js'
import { type Content, html } from './markup.js'
import { formTargets } from './return-address.js'

const style = `:root{color-scheme:light dark;--ink:#1b2430;--paper:#f4f6f9;--card:#fff;--line:#d5dbe4;--soft:#55606f;--main:#1f5f8b;--on-main:#fff;--bad:#a3242b}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf1;--paper:#12171e;--card:#1b222c;--line:#34404f;--soft:#a5b0be;--main:#7fbce6;--on-main:#0d1a25;--bad:#ff9a9f}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main{max-width:34rem;margin:0 auto;padding:1rem}header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline}
header strong{font-size:1.1rem}header small{margin-right:auto}header{gap:.25rem .6rem}header small,.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:0 0 1rem}
h1{font-size:1.4rem;margin:.25rem 0 .75rem}h2{font-size:1.05rem;margin:.25rem 0 .5rem}a{color:var(--main)}
label{display:block;margin:.6rem 0 .2rem}input,select{width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.55rem .7rem}
button{overflow-wrap:normal;font:inherit;font-weight:600;cursor:pointer;border:1px solid var(--main);background:var(--main);color:var(--on-main);border-radius:.4rem;padding:.55rem 1rem;margin:.9rem .5rem 0 0}
button.plain{background:none;color:var(--main)}:focus-visible{outline:3px solid var(--main);outline-offset:2px}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .5rem .3rem 0;vertical-align:top}th{font-weight:600;overflow-wrap:normal}
.bad{color:var(--bad);font-weight:600}code{font-size:.95em}.qr svg{display:block;width:14rem;max-width:100%;height:auto;border-radius:.4rem}
pre{overflow:auto;max-height:16rem;background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.55rem .7rem}caption{text-align:left;color:var(--soft)}
input.tick{width:auto}.code{font-size:1.5rem;letter-spacing:.15em}`

const styleHash = createHash('sha256').update(style).digest('base64')

/** A page: title, content, and what differs from a plain answer. */
export interface PageParts {
  readonly title: string
  readonly content: Content
  /** Default 200. */
  readonly status?: number | undefined
  readonly cookies?: readonly string[] | undefined
  /** Whose page it is. Default `CitizenOne`. */
  readonly site?: string | undefined
  /** Its name and its menu. Default: those of the identity provider. */
  readonly header?: Content
}

/** Answers with a page. Never cached, never framed, no scripts. */
export function page(context: Context, parts: PageParts): Response {
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-language': language(),
    'cache-control': 'private, no-store',
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
      `form-action ${[formTargets(returnRules(context)), ...context.modes.flatMap(({ origins }) => origins)].join(' ')}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
  })
  for (const line of parts.cookies ?? []) headers.append('set-cookie', line)
  const body = html`<!doctype html>
<html lang="${language()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${parts.title} · ${parts.site ?? 'CitizenOne'} ${say('emulator', 'émulateur')}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<header>${parts.header ?? ownHeader(context)}</header>
<main>
<h1>${parts.title}</h1>
${parts.content}
</main>
</body>
</html>
`
  return new Response(body.markup, { status: parts.status ?? 200, headers })
}

const ownHeader = ({ options }: Context): Content =>
  html`<strong>CitizenOne</strong><small>${say('emulator', 'émulateur')}</small><a href="/">${say('Home', 'Accueil')}</a> <a href="/messages">${say('Phone', 'Téléphone')}</a>${options.control !== 'off' && html` <a href="/faults">${say('Faults', 'Pannes')}</a>`}`

/** Sends the browser on with a GET. */
export function redirect(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ location, 'cache-control': 'private, no-store' })
  for (const line of cookies) headers.append('set-cookie', line)
  return new Response(null, { status: 303, headers })
}

/** Answers with JSON that nobody caches. */
export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } })
}
