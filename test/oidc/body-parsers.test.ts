/** @module The back channel behind frameworks: with and without a body parser, duplicates and JSON included. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { citizenSession } from '../../adapters/express.js'
import { memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { keySet } from '../tokens/signing.js'
import { clientId, issuer, key, logoutToken } from './signer.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function start(parsers: readonly RequestHandler[]): Promise<string> {
  const app = express()
  for (const parser of parsers) app.use(parser)
  app.use(
    citizenSession({
      application: {
        id: 'benefits',
        url: 'https://benefits.example.gov',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      protocols: [
        oidc({
          issuer,
          clientId,
          clientAuthentication: 'none',
          endpoints: { authorization: `${issuer}/a`, token: `${issuer}/t`, jwks: `${issuer}/j` },
        }),
      ],
      store: memoryStore(),
      // The clock of the token.
      clock: () => Date.UTC(2026, 0, 15, 12, 0, 0),
      fetch: async () => keySet([key]),
    }),
  )
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/session/backchannel-logout`
}

const parserSets: [string, RequestHandler[]][] = [
  ['no parser', []],
  ['express.urlencoded', [express.urlencoded()]],
  ['express.urlencoded, extended', [express.urlencoded({ extended: true })]],
  ['every parser', [express.json(), express.urlencoded({ extended: true }), express.text(), express.raw()]],
]

describe.each(parserSets)('with %s', (_, parsers) => {
  const form = 'application/x-www-form-urlencoded'
  type Case = readonly [string, (jwt: string) => readonly [type: string, body: string], number]
  const cases: readonly Case[] = [
    ['a good token', (jwt: string) => [form, `logout_token=${jwt}`], 200],
    ['parameters that nobody knows', (jwt: string) => [form, `x[y]=1&logout_token=${jwt}`], 200],
    ['BCL-03 two tokens', (jwt: string) => [form, `logout_token=${jwt}&logout_token=${jwt}`], 400],
    ['BCL-01 JSON', (jwt: string) => ['application/json', JSON.stringify({ logout_token: jwt })], 400],
    ['BCL-02 nothing', () => [form, ''], 400],
  ]

  it.each(cases)('%s', async (_name, make, status) => {
    const url = await start(parsers)
    const [type, body] = make(logoutToken())
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })
})
