/** @module What happened, line by line: one seed gives one history, and a story is told from it. */

export class History {
  readonly lines: string[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  tell(who: string, what: string): void {
    this.lines.push(`${timeOf(this.#now())}  ${who}: ${what}`)
  }

  get text(): string {
    return `${this.lines.join('\n')}\n`
  }
}

/** Minutes, seconds and milliseconds since the world began. */
export function timeOf(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  const [minutes, seconds, rest] = [Math.floor(whole / 60_000), Math.floor(whole / 1000) % 60, whole % 1000]
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(minutes)}:${two(seconds)}.${String(rest).padStart(3, '0')}`
}
