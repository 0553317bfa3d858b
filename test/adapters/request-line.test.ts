/** @module What the Node adapters take a request line for. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { NodeExchange } from '../../adapters/node.js'
import { createUpgrade } from '../../adapters/upgrade.js'
import type { Suite } from '../../src/index.js'

const lines = [
  ['/private?a=b', '/private?a=b'],
  ['/a?to=https://b.example/c', '/a?to=https://b.example/c'],
  ['http://evil.example/private?a=b', '/private?a=b'],
  ['HTTPS://evil.example:81/private', '/private'],
  ['ws://evil.example/socket', '/socket'],
  ['http://evil.example', '/'],
  ['http://evil.example?a=b', '/?a=b'],
  ['http://user@evil.example//b.example/c', '//b.example/c'],
  ['http://evil.example/http://b.example/c', '/http://b.example/c'],
  ['*', '*'],
  ['evil.example:443', 'evil.example:443'],
] as const

const requestOf = (line: string) => Object.assign(new IncomingMessage(new Socket()), { url: line })

it.each(lines)('FLD-01 the target of %s is %s', (line, target) => {
  const request = requestOf(line)
  expect(new NodeExchange(request, new ServerResponse(request)).target).toBe(target)
  const mounted = Object.assign(requestOf('/'), { originalUrl: line })
  expect(new NodeExchange(mounted, new ServerResponse(mounted)).target).toBe(target)
})

it.each(lines)('FLD-01 the target of an upgrade of %s is %s', async (line, target) => {
  const seen: string[] = []
  const suite = {
    options: { application: { url: 'https://benefits.example' } },
    peek: async (exchange: { readonly target: string }) => {
      seen.push(exchange.target)
      return { state: 'anonymous' }
    },
  }
  await createUpgrade(suite as unknown as Suite)(requestOf(line), new PassThrough())
  expect(seen).toEqual([target])
})
