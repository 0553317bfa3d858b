/** @module What the adapter contract needs of an application under test, and what that application must serve. */
import { request } from 'node:http'
import { expect } from 'vitest'
import type { Emulator } from '../../src/emulator/index.js'
import { type Answer, atHost, ownScript, type SendOptions, send } from '../adapters/site.js'

/**
 * An application that serves these routes; `citizen` is the adapter's. It trusts proxies where its framework can.
 *
 * | route | what it does |
 * |---|---|
 * | `GET /open` | everybody: JSON `{ state, reason, sub, publicId }` of the citizen |
 * | any `/private` | an active citizen: JSON `{ sub }` |
 * | `GET /kept` | an active citizen: lets the browser keep it for 60 seconds, by `Cache-Control: private, max-age=60` |
 * | `GET /mfa`, `/level2`, `/recent` | a second factor; level 2; proven within 300 seconds |
 * | `GET /claims` | only where the claim `isMfa` is `true`: else 403 |
 * | `GET /cookies` | sets `first=1; Path=/` and `second=2; Path=/` and lets caches keep it for 60 seconds, by `Cache-Control` and `CDN-Cache-Control` |
 * | `GET /redirect` | 302 to `/open` |
 * | `GET /empty` | 204 |
 * | `GET /stream` | the text `one\n`, then `two\n`, as a stream |
 * | `GET /events` | an active citizen: an event stream with one event, which ends when `citizen.ended` says so |
 * | `GET /throw` | throws an error: 500 |
 * | `POST /form` | JSON of the form's field `name`: `{ name }` |
 * | `POST /goodbye` | the adapter's `logout()` |
 * | `POST /leave` | `citizen.logout()` by hand: JSON of the receipt |
 * | `POST /leave-and-throw` | the same, then throws |
 * | `POST /refresh` | JSON of `citizen.refresh()` |
 * | `/session/gate` | the secret is `gateSecret` of `test/gate`, `cookies` are `numbered` |
 * | `/mounted/session` | another application's session layer (`id: 'mounted'`) below a sub-path |
 * | `/mounted/private`, `POST /mounted/form` | as above, below the sub-path; the body is parsed behind the session layer |
 *
 * Where a framework has body parsers, one stands before the session layer of the main application.
 */
export interface RunningApplication {
  /** On 127.0.0.1. */
  readonly port: number
  /** Its own address; its id is `benefits`, its shared cookie on `citizen.localhost`. */
  readonly url: string
  /** The identity provider of its people. */
  readonly emulator: Emulator
  /** Moves the clock of the application and of the provider. */
  travel(seconds: number): void | Promise<void>
  /** Lets the store fail, or work again. */
  failStore(isFailing: boolean): void | Promise<void>
  stop(): Promise<void>
}

/** An adapter under test. */
export interface AdapterHarness {
  readonly name: string
  start(): Promise<RunningApplication>
  /** Cases in which this adapter differs, by their full name, each with the reason. They must fail. */
  readonly exceptions?: Readonly<Record<string, string>>
}

/** An application, and what the cases do with it. */
export interface Subject extends Omit<RunningApplication, 'stop'> {
  send(path: string, options?: SendOptions): Promise<Answer>
  /** Cookies of a person who has just signed in at the provider and was not here yet. */
  arriving(username?: string): Promise<string>
  /** Cookies of a person who is active here, our hint included. */
  active(username?: string): Promise<string>
  /** Opens a stream; resolves with its first part. */
  open(path: string, headers: Readonly<Record<string, string>>): Promise<OpenStream>
}

export interface OpenStream {
  readonly first: string
  readonly ended: Promise<void>
}

/** One case: its name, and what it expects. */
export type Case = readonly [name: string, run: (subject: Subject) => Promise<void>]

/** Our hint cookie, by its name with or without the prefix. */
export const hint = /^(?:__Host-)?benefits\.seen=/

/** The lines of our cookies that are deleted. */
export function deleted(answer: Answer): readonly string[] {
  return answer.cookies.filter((line) => /^[^=]+=;.*Max-Age=0/i.test(line))
}

/** The JSON of an answer. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the case expects of it
export function json(answer: Answer): any {
  return JSON.parse(answer.body)
}

export function subjectOf(application: RunningApplication): Subject {
  const { port, emulator } = application
  const arriving = (username = 'ana') => emulator.cookiesFor(username)
  return {
    port,
    url: application.url,
    emulator,
    travel: (seconds) => application.travel(seconds),
    failStore: (isFailing) => application.failStore(isFailing),
    send: (path, options) => send(port, path, atHost(application.url, options)),
    arriving,
    async active(username) {
      const cookie = await arriving(username)
      const answer = await send(port, '/private', { headers: { ...ownScript, cookie } })
      const line = answer.cookies.find((each) => hint.test(each))
      expect([answer.status, line]).toEqual([200, expect.any(String)])
      return `${cookie}; ${line?.split(';')[0]}`
    },
    open: (path, headers) =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false }, (incoming) => {
          const ended = new Promise<void>((end) => incoming.once('close', end))
          incoming.once('data', (chunk: Buffer) => resolve({ first: chunk.toString('utf8'), ended }))
          incoming.once('end', () => reject(new Error(`ended with ${incoming.statusCode} and nothing`)))
        })
        outgoing.once('error', reject)
        outgoing.end()
      }),
  }
}
