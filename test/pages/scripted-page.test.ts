/** @module Pages with a script of ours: values cannot leave their place. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { checkSessionScript } from '../../src/oidc/check-session-script.js'
import { embeddableJson, providerSandbox, renderScriptedPage } from '../../src/pages/scripted-page.js'
import { keepAliveScript } from '../../src/saml/keep-alive/script.js'

const hostile = [
  '</script><script>alert(1)</script>',
  '\u2028\u2029',
  '"',
  "'",
  '<!--',
  ']]>',
  '&lt;',
  '\\',
  '\u0000',
]

it.each(hostile)('SES-18 %j stays a value', (value) => {
  const json = embeddableJson({ value })
  expect(json).not.toMatch(/[<>&\u2028\u2029]/)
  expect(JSON.parse(json)).toEqual({ value })
  const page = renderScriptedPage({ title: 't', script: 'void 0', values: { value } })
  expect(page.body?.match(/<\/script>/g)).toHaveLength(2)
})

it('SES-17 lets nothing run but the one script, and frames nothing but what is named', () => {
  const page = renderScriptedPage({
    title: 't',
    script: checkSessionScript,
    values: {},
    frames: ['https://id.example.gov'],
  })
  const hash = createHash('sha256').update(checkSessionScript).digest('base64')
  expect(page.headers['content-security-policy']).toBe(
    `default-src 'none'; script-src 'sha256-${hash}'; frame-src 'self' https://id.example.gov; connect-src 'self'; ` +
      `form-action 'self'; frame-ancestors 'self'; base-uri 'none'`,
  )
})

it.each([
  ['session management', checkSessionScript, 2],
  ['keeping alive', keepAliveScript, 1],
])('every frame of %s that a provider answers in is sandboxed', (_, script, frames) => {
  expect(script.split(".createElement('iframe')")).toHaveLength(frames + 1)
  expect(script.split(`.sandbox = '${providerSandbox}'`)).toHaveLength(frames + 1)
  expect(providerSandbox).not.toMatch(/top-navigation|popups|modals|downloads/)
})
