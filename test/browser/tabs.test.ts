import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTabs, type Tabs } from '../../src/browser/tabs.js'

type Work = (lock: object | null) => unknown

/** Web Locks of one browser, as the standard has them. */
function createLocks() {
  const held = new Set<string>()
  const waiting: { readonly name: string; readonly signal: AbortSignal | undefined; give(): void }[] = []
  const giveNext = () => {
    for (const each of [...waiting]) {
      if (held.has(each.name)) continue
      waiting.splice(waiting.indexOf(each), 1)
      if (each.signal?.aborted === true) continue
      held.add(each.name)
      each.give()
    }
  }
  return {
    held,
    request(
      name: string,
      options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
      work: Work,
    ): Promise<unknown> {
      if (options.ifAvailable === true && held.has(name)) return Promise.resolve(work(null))
      return new Promise((resolve, reject) => {
        const run = async () => {
          try {
            resolve(await work({ name }))
          } catch (error) {
            reject(error)
          } finally {
            held.delete(name)
            giveNext()
          }
        }
        waiting.push({
          name,
          signal: options.signal,
          give: () => void run(),
        })
        giveNext()
      })
    },
  }
}

let locks: ReturnType<typeof createLocks>
const opened: Tabs[] = []
beforeEach(() => {
  locks = createLocks()
  vi.stubGlobal('navigator', { locks })
})
afterEach(() => {
  for (const tabs of opened.splice(0)) tabs.leave()
  vi.unstubAllGlobals()
})

const settle = () => new Promise((resolve) => setImmediate(resolve))

function open() {
  const led: boolean[] = []
  const tabs = createTabs({
    name: 'test',
    onMessage: () => undefined,
    onLead: (isLeader) => led.push(isLeader),
  })
  tabs.join()
  opened.push(tabs)
  return { tabs, led }
}

describe('the locks of the tabs', () => {
  it('are let go when a page leaves, and taken again when it comes back', async () => {
    const { tabs, led } = open()
    await settle()
    expect([...locks.held]).toEqual(['test leading'])
    tabs.leave()
    await settle()
    expect([...locks.held]).toEqual([])
    tabs.join()
    await settle()
    expect([...locks.held]).toEqual(['test leading'])
    expect(led).toEqual([true, false, true])
  })

  it('pass to the next tab, and a question is asked by one at a time', async () => {
    const [first, second] = [open(), open()]
    await settle()
    expect([first.led, second.led]).toEqual([[true], []])
    let answer: (value: string) => void = () => undefined
    const running = first.tabs.lock(
      () =>
        new Promise<string>((resolve) => {
          answer = resolve
        }),
    )
    await settle()
    expect(await second.tabs.lock(async () => 'second')).toBeUndefined()
    first.tabs.leave()
    await settle()
    answer('first')
    expect(await running).toBe('first')
    expect(second.led).toEqual([true])
    expect(await second.tabs.lock(async () => 'second')).toBe('second')
  })

  it('are let go where the question fails, and its failure is told', async () => {
    const { tabs } = open()
    await expect(tabs.lock(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
    expect([...locks.held]).toEqual(['test leading'])
  })
})
