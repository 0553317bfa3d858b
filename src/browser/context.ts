/** @module One client, as its steps see it. */
import type { CitizenSnapshot } from './options.js'
import type { Overlay } from './overlay.js'
import type { ClientState } from './state.js'
import type { Tabs } from './tabs.js'

/** What the steps of one client share: what it knows, and what it does that with. */
export interface ClientContext extends ClientState {
  readonly basePath: string
  readonly overlay: Overlay
  readonly tabs: Tabs
  /** Aborted once the client is stopped. */
  readonly signal: AbortSignal
  /** Whether nothing is followed any more: the session has ended, or the client was stopped. */
  isOver(): boolean
  /** Ends timers and listeners. */
  abort(): void
  /** Changes the snapshot and tells who listens. */
  publish(changes: Partial<CitizenSnapshot>): void
  /** Told when the person has signed in elsewhere, or will not: the page waits, covered or with a question. */
  waiting?: ((isBack: boolean) => void) | undefined
  /** Public id of the session for which a request was refused. */
  refusedId?: string | undefined
  /** The window of a sign-in. */
  opened?: Window | null
  /** Shows our frame of that address, and no other; nothing: none. */
  showFrame(address: string | false | undefined): void
  /** Sets when to look at the clock again. */
  sleep(milliseconds: number): void
}
