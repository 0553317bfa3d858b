/** @module Pages with a script of ours, or that other sites frame: each with the narrowest policy that lets it work. */
import { createHash } from 'node:crypto'
import { language } from '../language.js'
import { type Content, html, type Markup } from '../markup.js'

/** A page with a script. */
export interface ScriptedPage {
  readonly title: string
  readonly content: Content
  /** The same text for every request: what differs stands in the content. */
  readonly script: string
  /** Origins that the page's form may go to. Default none. */
  readonly formOrigins?: readonly string[] | undefined
  /** Origins that the page frames. Default none. */
  readonly frameOrigins?: readonly string[] | undefined
  /** Origins that may frame the page. Default none. */
  readonly ancestors?: readonly string[] | undefined
  readonly cookies?: readonly string[] | undefined
}

const sources = (origins: readonly string[] | undefined) =>
  origins === undefined || origins.length === 0 ? "'none'" : [...new Set(origins)].join(' ')

/** Answers with such a page. Never cached. */
export function scriptedPage(parts: ScriptedPage): Response {
  const hash = createHash('sha256').update(parts.script).digest('base64')
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'private, no-store',
    'content-security-policy': [
      "default-src 'none'",
      `script-src 'sha256-${hash}'`,
      `form-action ${sources(parts.formOrigins)}`,
      `frame-src ${sources(parts.frameOrigins)}`,
      "base-uri 'none'",
      `frame-ancestors ${sources(parts.ancestors)}`,
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  for (const line of parts.cookies ?? []) headers.append('set-cookie', line)
  const script: Markup = { markup: `<script>${parts.script}</script>` }
  const body = html`<!doctype html>
<html lang="${language()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${parts.title} · CitizenOne emulator</title>
</head>
<body>
${parts.content}
${script}
</body>
</html>
`
  return new Response(body.markup, { headers })
}
