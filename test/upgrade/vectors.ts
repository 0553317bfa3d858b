/** @module What 0.1.0 wrote (`test/vectors/0.1.0/vectors.json`), and how it gets into a store of today. */
import { readFileSync } from 'node:fs'
import { memoryStore } from '../../src/index.js'
import type { LiveRecord } from '../../src/session-record.js'
import { parseKept, parseRecord, parseRevocation } from '../../src/stores/redis/format.js'
import type { Store } from '../../src/stores/store.js'

/** What a Redis holds: texts, or hashes of texts, with the life that is left. */
export type Entries = Readonly<
  Record<string, { readonly value: string | Readonly<Record<string, string>>; readonly milliseconds: number }>
>

/** One script that 0.1.0 ran: its name, then the key and the arguments. */
export interface Command {
  readonly script: string
  readonly given: readonly string[]
}

/** A request as the browser would make it. */
export interface Asked {
  readonly method?: string
  readonly url: string
  readonly form?: Readonly<Record<string, string>>
}

/** What the provider said to 0.1.0. */
export interface Answer {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly type: string
  readonly cookies: readonly string[]
  readonly text: string
}

/** What a browser and the store held at a moment of 0.1.0, and what became of the next request there. */
export interface Moment {
  readonly cookies: string
  readonly now: number
  readonly request: Asked
  readonly store: Entries
  readonly answers: readonly Answer[]
  readonly shows: { readonly state: string; readonly subject?: string }
}

/** A session that 0.1.0 ended: before, the commands, and after. */
export interface Ended {
  readonly cookies: string
  readonly now: number
  readonly request: Asked
  readonly before: Entries
  readonly commands: readonly Command[]
  readonly store: Entries
}

export const kinds = ['shared-cookie', 'oidc', 'saml'] as const
export type Kind = (typeof kinds)[number]

export interface Vectors {
  readonly start: number
  readonly secrets: readonly string[]
  readonly providerUrl: string
  readonly samlEntityId: string
  readonly samlMetadataUrl: string
  readonly client: { readonly client_id: string; readonly client_secret: string }
  readonly digests: readonly { readonly of: string; readonly parts: readonly string[]; readonly is: string }[]
  readonly seals: readonly {
    readonly purpose: string
    readonly place: string
    readonly text: string
    readonly sealed: string
  }[]
  readonly everyKind: {
    readonly calls: readonly (readonly [string, ...unknown[]])[]
    readonly store: Entries
  }
  readonly scenarios: Readonly<
    Record<
      Kind,
      {
        readonly session: Moment
        readonly signingIn: Moment
        readonly signingOut: Moment
        readonly ended: Ended
        readonly endedHere: Ended
      }
    >
  >
  readonly scripts: Readonly<Record<string, string>>
  readonly format: string
}

export const vectors = JSON.parse(
  readFileSync(new URL('../vectors/0.1.0/vectors.json', import.meta.url), 'utf8'),
) as Vectors

/** A record of a session that nobody has begun: what an end or an alias needs before it can be written. */
function liveRecord(generation: string, at: number): LiveRecord {
  const times = { startedAt: at, lastSeenAt: at, endsAt: at + 1, idleMilliseconds: 1, tokenExpiresAt: 0 }
  const rest = { level: 1, authenticatedAt: 0, retainUntil: at, sealed: '' }
  return { state: 'live', generation, ...times, ...rest }
}

/** A memory store that holds what Redis held: each text is read by today's reader, then written. */
export async function intoMemory(entries: Entries, clock: () => number): Promise<Store> {
  const store = memoryStore({ clock })
  for (const [key, { value }] of Object.entries(entries)) {
    const person = /\{(.*)\}$/.exec(key)?.[1]
    const pointer = /:pointer:(.*)$/.exec(key)?.[1]
    if (typeof value === 'string') continue
    const fields = Object.entries(value)
    if (person !== undefined) await personInto(store, person, fields, clock())
    for (const [field, text] of pointer === undefined ? [] : fields) {
      if (field === 'v') await store.revokeIndexKey(pointer ?? '', parseRevocation(text))
      else await store.noteIndexKey(pointer ?? '', field.slice(2), Number(text.split(' ')[2]))
    }
  }
  return store
}

async function personInto(
  store: Store,
  person: string,
  fields: readonly (readonly [string, string])[],
  now: number,
): Promise<void> {
  const texts = new Map(fields)
  for (const [field, text] of fields) {
    const [, application = '', session = ''] = field.split(':')
    const address = { person, application, session }
    if (!field.startsWith('r:')) continue
    const record = parseRecord(text)
    if (record.state === 'ended') {
      const live = liveRecord(record.generation, now)
      await store.start(address, { record: live, issuedAt: now, now })
      await store.end(address, { generation: record.generation }, record)
      continue
    }
    await store.start(address, { record, issuedAt: now, now })
    const kept = texts.get(`k:${application}:${session}`)
    if (kept !== undefined)
      await store.keepRefresh(address, record.generation, parseKept(kept), record.tokenExpiresAt)
    for (const [alias, root] of fields) {
      if (alias.startsWith('a:') && root.endsWith(` ${session}`))
        await store.alias(address, record.generation, alias.slice(2))
    }
  }
  for (const [field, text] of fields) {
    const revocation = field.startsWith('v') ? parseRevocation(text) : undefined
    if (revocation === undefined) continue
    const scope = field === 'v' ? ({ kind: 'person' } as const) : undefined
    await store.revoke(person, scope ?? { kind: 'session', session: field.slice(2) }, revocation)
  }
}
