/** @module Pages of ours that work in a frame: a script that never differs, and values that it reads from the page. */
import { createHash } from 'node:crypto'
import type { Reply } from '../exchange.js'
import { escapeHtml } from './escape.js'

/** What a page is made of. */
export interface ScriptedPage {
  readonly title: string
  /** The same text for every request: what differs stands in `values`. */
  readonly script: string
  readonly values: Readonly<Record<string, unknown>>
  /** Origins that the page shows in frames, besides our own. */
  readonly frames?: readonly string[] | undefined
}

/** JSON that is harmless in a page, whatever is in the values (`SES-18`). */
export function embeddableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * What a page of the provider may do in a frame of ours: answer us, with its own cookies. It opens no window and no dialog, and
 * does not take the place of the person's page, as sign-in pages do that want to be in no frame. Source: HTML, `sandbox`.
 */
export const providerSandbox =
  'allow-scripts allow-same-origin allow-forms allow-storage-access-by-user-activation'

/** Tells the page around what stands in the values; what a visit to a provider came to. */
export const tellParentScript = `(() => {
'use strict'
const values = JSON.parse(document.getElementById('values').textContent)
if (parent !== window) parent.postMessage(values, location.origin)
})()`

/** Renders the page; only our own pages may show it in a frame. Source: CSP Level 3; `SES-17`, `SES-18`. */
export function renderScriptedPage(page: ScriptedPage): Reply {
  const hash = createHash('sha256').update(page.script).digest('base64')
  const frames = [...new Set(["'self'", ...(page.frames ?? [])])].join(' ')
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      'content-security-policy':
        `default-src 'none'; script-src 'sha256-${hash}'; frame-src ${frames}; connect-src 'self'; ` +
        `form-action 'self'; frame-ancestors 'self'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
    body:
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(page.title)}</title></head><body>` +
      `<script type="application/json" id="values">${embeddableJson(page.values)}</script>` +
      `<script>${page.script}</script></body></html>\n`,
  }
}
