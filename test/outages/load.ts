/** @module Several browsers that go on asking, whatever happens; everything that they were answered is remembered. */
import { ownScript, type Site } from '../adapters/site.js'

/** One answer. */
export interface Answered {
  /** Index of the browser. */
  readonly browser: number
  readonly path: '/private' | '/open'
  readonly status: number
  readonly retryAfter: string | undefined
  /** Names of the cookies that it set, and of those that it deleted. */
  readonly set: readonly string[]
  readonly deleted: readonly string[]
  readonly state: string | undefined
  readonly reason: string | undefined
  readonly publicId: string | undefined
}

export interface Load {
  /** What was asked and answered within a phase. */
  during(phase: string): readonly Answered[]
  /** Begins a phase. What is under way belongs to none. */
  begin(phase: string): void
  /** Begins a phase, and waits until every browser has been answered `count` times within it. */
  phase(name: string, count: number): Promise<void>
  /** Begins a phase, and waits until every browser was served by the guarded route within it. */
  until(name: string): Promise<void>
  /** Ends it. Fails if a request found no answer at all. */
  stop(): Promise<void>
}

/** So many requests of one browser at most. */
const most = 20_000
const patience = 30_000

/** Starts a browser for each of these cookies; they ask for the guarded and the open route in turn. */
export function startLoad(site: Site, cookies: readonly string[]): Load {
  const answers = new Map<string, Answered[]>()
  let current = 'start'
  let isOver = false

  async function ask(browser: number, cookie: string, path: Answered['path']): Promise<void> {
    const begun = current
    const answer = await site.send(path, { headers: { ...ownScript, cookie } })
    if (begun !== current) return
    const names = (isDeletion: boolean) =>
      answer.cookies
        .filter((line) => /; Max-Age=0/.test(line) === isDeletion)
        .map((line) => line.split('=', 1)[0] ?? '')
    const body = JSON.parse(answer.body) as Pick<Answered, 'state' | 'reason' | 'publicId'>
    const list = answers.get(begun) ?? []
    answers.set(begun, list)
    list.push({
      browser,
      path,
      status: answer.status,
      retryAfter: answer.headers['retry-after'],
      set: names(false),
      deleted: names(true),
      state: body.state,
      reason: body.reason,
      publicId: body.publicId,
    })
  }

  async function browse(browser: number, cookie: string): Promise<void> {
    for (let count = 0; count < most && !isOver; count += 1) {
      await ask(browser, cookie, count % 2 === 0 ? '/private' : '/open')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  const browsing = Promise.all(cookies.map((cookie, browser) => browse(browser, cookie)))
  let failure: unknown
  browsing.catch((error: unknown) => {
    failure = error
  })

  async function reach(name: string, condition: (own: readonly Answered[]) => boolean): Promise<void> {
    current = name
    const end = performance.now() + patience
    for (;;) {
      if (failure !== undefined) throw failure
      const list = answers.get(name) ?? []
      if (cookies.every((_, index) => condition(list.filter(({ browser }) => browser === index)))) return
      if (performance.now() > end) throw new Error(`waited in vain in the phase ${name}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  return {
    during: (phase) => answers.get(phase) ?? [],
    begin(phase) {
      current = phase
    },
    phase: (name, count) => reach(name, (own) => own.length >= count),
    until: (name) =>
      reach(name, (own) => own.some(({ path, status }) => path === '/private' && status === 200)),
    async stop() {
      isOver = true
      await browsing
    },
  }
}
