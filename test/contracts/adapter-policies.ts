/** @module Cases of the adapter contract: what every answer of ours tells browsers, whatever asked for it. */
import { expect } from 'vitest'
import type { Emulator } from '../../src/emulator/index.js'
import { type Answer, form, navigation, ownForm, ownScript, type SendOptions } from '../adapters/site.js'
import { type Case, json, type Subject } from './adapter-harness.js'

type Asked = readonly [path: string, options: SendOptions]

/** The routes that answer everybody alike. */
const scripts = ['/session/client.js', '/session/header.js']
const forEverybody = [...scripts, '/session/applications']

const reads = [
  'status',
  'profile',
  'applications',
  'client.js',
  'header.js',
  'login',
  'logout',
  'return',
  'leave',
]

/** Every route, and what is none, as a script and as a person asks for it. */
const asked: readonly Asked[] = [
  ...[...reads, 'nothing', 'status/a.css', 'profile/a.js', 'logout/a.png', 'client.js/a'].flatMap(
    (route): Asked[] => [
      [`/session/${route}`, { headers: ownScript }],
      [`/session/${route}`, { headers: navigation }],
      [`/session/${route}`, { headers: { ...navigation, 'sec-fetch-site': 'cross-site' } }],
    ],
  ),
  ...['login', 'logout', 'extend', 'status'].flatMap((route): Asked[] => [
    [`/session/${route}`, { method: 'POST', headers: { ...ownScript, ...form }, body: 'scope=application' }],
    [`/session/${route}`, { method: 'POST', headers: { ...ownForm, ...form }, body: '' }],
    [`/session/${route}`, { method: 'POST', headers: { accept: 'text/html' }, body: '' }],
  ]),
  ['/private', { headers: ownScript }],
  ['/private', { headers: navigation }],
  ['/private', { method: 'POST', headers: { ...ownForm, ...form }, body: '' }],
  ['/recent', { headers: ownScript }],
]

interface Told {
  readonly what: string
  readonly path: string
  readonly answer: Answer
}

const known = new WeakMap<Emulator, Promise<readonly Told[]>>()

/** Answers of ours, of each application once: to nobody, and to somebody who is signed in. */
function answersOf(subject: Subject): Promise<readonly Told[]> {
  const found = known.get(subject.emulator) ?? ask(subject)
  known.set(subject.emulator, found)
  return found
}

async function ask({ send, active }: Subject): Promise<readonly Told[]> {
  const told: Told[] = []
  for (const who of ['nobody', 'somebody']) {
    for (const [path, options] of asked) {
      if (who === 'somebody' && path === '/private') continue
      const cookie: Record<string, string> = who === 'somebody' ? { cookie: await active() } : {}
      const answer = await send(path, { ...options, headers: { ...options.headers, ...cookie } })
      told.push({ what: `${who}: ${options.method ?? 'GET'} ${path} ${answer.status}`, path, answer })
    }
  }
  expect(new Set(told.map(({ answer }) => answer.status)).size).toBeGreaterThan(5)
  return told
}

const header = ({ answer }: Told, name: string) => String(answer.headers[name] ?? '')
const failing = (told: readonly Told[], isGood: (each: Told) => boolean) =>
  told.filter((each) => !isGood(each)).map(({ what }) => what)

export const policyCases: readonly Case[] = [
  [
    'is of the type that it says, in every answer of ours',
    async (subject) => {
      const told = await answersOf(subject)
      expect(failing(told, (each) => header(each, 'x-content-type-options') === 'nosniff')).toEqual([])
    },
  ],
  [
    'cannot be shown in a frame, nor run or load anything unsaid, in every answer of ours that has a body',
    async (subject) => {
      const told = (await answersOf(subject)).filter(({ answer }) => answer.body !== '')
      const isClosed = (each: Told) => {
        const policy = header(each, 'content-security-policy')
        return policy.startsWith("default-src 'none'") && policy.includes("frame-ancestors 'none'")
      }
      expect(failing(told, isClosed)).toEqual([])
    },
  ],
  [
    'is loaded by no page of another site, and read by none, in every answer of ours',
    async (subject) => {
      const told = await answersOf(subject)
      expect(failing(told, (each) => header(each, 'cross-origin-resource-policy') === 'same-origin')).toEqual(
        [],
      )
      expect(failing(told, (each) => header(each, 'access-control-allow-origin') === '')).toEqual([])
    },
  ],
  [
    'is kept by no cache, but for what is the same for everybody',
    async (subject) => {
      const told = await answersOf(subject)
      const isKept = ({ path, answer }: Told) =>
        forEverybody.includes(path) && answer.status === 200 && answer.cookies.length === 0
      expect(
        failing(told, (each) => isKept(each) || header(each, 'cache-control').includes('no-store')),
      ).toEqual([])
    },
  ],
  [
    'is a script at two addresses only, which hold nothing of a person and call nothing that the address names',
    async (subject) => {
      const { send, active } = subject
      const told = await answersOf(subject)
      const isScript = (each: Told) => /script/.test(header(each, 'content-type'))
      expect([...new Set(told.filter(isScript).map(({ path }) => path))].sort()).toEqual([...scripts].sort())
      for (const path of scripts) {
        const { body } = await send(path)
        const cookie = await active()
        for (const query of ['', '?callback=steal', '?jsonp=steal', '?var=steal']) {
          const answer = await send(`${path}${query}`, { headers: { cookie } })
          expect([path, query, answer.body === body]).toEqual([path, query, true])
        }
      }
      const status = await send('/session/status?callback=steal', { headers: { cookie: await active() } })
      expect(json(status)).toMatchObject({ state: 'active' })
    },
  ],
  [
    'is nothing of a person below an address that looks like a file',
    async ({ send, active }) => {
      const cookie = await active()
      for (const path of [
        'status/a.css',
        'profile/a.js',
        'status;a.css',
        'profile%2Fa.png',
        'status%00.css',
      ]) {
        const answer = await send(`/session/${path}`, { headers: { ...ownScript, cookie } })
        expect([path, answer.status]).toEqual([path, 404])
        expect(header({ what: path, path, answer }, 'cache-control')).toContain('no-store')
        expect(answer.body).not.toContain('active')
      }
    },
  ],
]
