/** @module What the tests need of a browser, whichever engine it has: people with cookies of their own, and their tabs. */

/** A running browser. */
export interface Engine {
  readonly name: 'Chromium' | 'Firefox' | 'WebKit'
  readonly version: string
  /** Somebody with cookies, storage and tabs of their own. Only the last one is there: the one before is gone. */
  newPerson(): Promise<Person>
  close(): Promise<void>
}

/** Somebody at the browser. */
export interface Person {
  newTab(): Promise<Tab>
  /** Does something that opens a window, and waits for the window. */
  opened(work: () => Promise<void>): Promise<Tab>
  /** The tabs and windows that are open. */
  count(): Promise<number>
}

/** A cookie as the browser holds it. */
export interface HeldCookie {
  readonly name: string
  readonly value: string
}

/** One tab. Whatever a person does is done by real input: the engine takes it for a person's own. */
export interface Tab {
  /** Opens an address, and waits for the page. What leads on by itself may be under way yet. */
  goto(url: string): Promise<void>
  back(): Promise<void>
  reload(): Promise<void>
  url(): Promise<URL>
  /** What can be read on the page, with what stands in open shadow trees. */
  text(): Promise<string>
  /** Clicks on the middle of the button, link or field with this text, label or id, once it can be seen. */
  click(text: string): Promise<void>
  /** Types into a field, by its id. */
  type(id: string, text: string): Promise<void>
  press(key: 'Enter' | 'Escape' | 'Tab'): Promise<void>
  /** The value of an expression, or of what it promises; JSON. */
  evaluate<T = unknown>(expression: string): Promise<T>
  /** Waits until an expression is true; a page that is on its way to another one is asked again. */
  until(expression: string): Promise<void>
  /** Waits until this can be read on the page; gives the whole text. */
  untilText(text: string): Promise<string>
  /** Waits until the page is at this path of this origin. */
  untilAt(address: string): Promise<void>
  /** The cookies that go to the page that is open. */
  cookies(): Promise<readonly HeldCookie[]>
  bringToFront(): Promise<void>
  isOpen(): Promise<boolean>
  /** Waits until the page has closed itself. */
  untilClosed(): Promise<void>
  close(): Promise<void>
}

/** What each engine does its own way; the rest of a tab is made of it. */
export interface TabDriver
  extends Pick<Tab, 'goto' | 'back' | 'reload' | 'cookies' | 'bringToFront' | 'isOpen' | 'close'> {
  /** The text that an expression is, or promises. */
  evaluateText(expression: string): Promise<string>
  clickAt(x: number, y: number): Promise<void>
  /** Types characters, or presses a key of {@link keys}. */
  keys(text: string): Promise<void>
}

/** Keys without a character of their own. Source: WebDriver, section 17.4.2. */
export const keys = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' } as const

const patienceMilliseconds = 15_000
const pauseMilliseconds = 40

/** Everything that the page lays out, in the document and in open shadow trees. */
const everything = `(() => {
  const all = (root) => [...root.querySelectorAll('*')].flatMap((element) =>
    [element, ...(element.shadowRoot ? all(element.shadowRoot) : [])])
  return all(document)
})()`

/** Where to click for a text, as `[x, y]`; `null` while nothing of the kind can be seen. */
const placeOf = (text: string) => `(() => {
  const text = ${JSON.stringify(text)}
  const isMeant = (element) => element.id === text ||
    (/^(?:BUTTON|A|SUMMARY)$/.test(element.tagName) && element.textContent.trim() === text)
  const found = ${everything}.find((element) => isMeant(element) && element.getClientRects().length > 0)
  if (!found) return null
  found.scrollIntoView({ block: 'center', behavior: 'instant' })
  const { x, y, width, height } = found.getBoundingClientRect()
  return [Math.round(x + width / 2), Math.round(y + height / 2)]
})()`

const readable = `[document.body, ...${everything}.map(({ shadowRoot }) => shadowRoot?.querySelector('dialog, section'))]
  .map((element) => element?.innerText ?? '').join('\\n')`

/**
 * An expression's value as JSON. At once where it is there at once: a promise of a page that is being left is never kept.
 */
const packed = (expression: string) => `(() => {
  const pack = (value) => JSON.stringify([value ?? null])
  const fail = (error) => JSON.stringify({ error: String(error) })
  try {
    const value = (${expression})
    return value instanceof Promise ? value.then(pack).catch(fail) : pack(value)
  } catch (error) {
    return fail(error)
  }
})()`

const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMilliseconds))

/** Asks until there is an answer that will do; throws with the last answer, or the last failure. */
export async function eventually<T>(ask: () => Promise<T>, willDo: (value: T) => boolean): Promise<T> {
  const until = performance.now() + patienceMilliseconds
  for (;;) {
    let last: unknown
    try {
      const value = await ask()
      if (willDo(value)) return value
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() > until) {
      throw new Error(
        `waited in vain; at last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      )
    }
    await pause()
  }
}

/** Makes a tab of what its engine can do. */
export function createTab(driver: TabDriver): Tab {
  const evaluate = async <T>(expression: string): Promise<T> => {
    const answer = JSON.parse(await driver.evaluateText(packed(expression)))
    if (!Array.isArray(answer)) throw new Error(`in the page: ${answer.error}`)
    return answer[0] as T
  }
  const url = async () => new URL(await evaluate<string>('location.href'))

  const tab: Tab = {
    ...driver,
    evaluate,
    url,
    text: () => evaluate<string>(readable),
    async click(text) {
      const place = await eventually(
        () => evaluate<[number, number] | null>(placeOf(text)),
        (found) => found !== null,
      ).catch(async (error) => {
        throw new Error(`nothing to click on with "${text}" at ${await url()}: ${error}\n${await tab.text()}`)
      })
      if (place !== null) await driver.clickAt(...place)
    },
    async type(id, text) {
      await tab.click(id)
      await driver.keys(text)
    },
    press: (key) => driver.keys(keys[key]),
    async until(expression) {
      await eventually(
        () => evaluate(expression),
        (value) => value === true,
      ).catch((error) => {
        throw new Error(`${expression}: ${error.message}`)
      })
    },
    untilText: (text) =>
      eventually(tab.text, (found) => found.includes(text)).catch(async (error) => {
        throw new Error(`"${text}" is not to be read at ${await url()}: ${error.message}`)
      }),
    async untilClosed() {
      await eventually(driver.isOpen, (isOpen) => !isOpen)
    },
    async untilAt(address) {
      const { origin, pathname } = new URL(address)
      await tab.until(
        `document.readyState !== 'loading' && location.origin + location.pathname === ${JSON.stringify(origin + pathname)}`,
      )
    },
  }
  return tab
}

/** The actions of a click at a point, in the words that WebDriver and WebDriver BiDi have in common. */
export function clickActions(point: {
  readonly x: number
  readonly y: number
  readonly origin?: 'viewport'
}) {
  return [
    { type: 'pointerMove', ...point },
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ]
}

/** The actions of keys that are struck one after the other. */
export function keyActions(text: string) {
  return [...text].flatMap((value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ])
}
