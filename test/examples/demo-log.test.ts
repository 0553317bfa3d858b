/** @module The log of the demo: every event in words. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import type { SessionStartedEvent } from '../../src/index.js'

/** What the page's script says of an event. */
interface Log {
  wordsOf(event: object): { readonly text: string; readonly more: string | undefined }
}

it('says how a session began, whatever the cause', async () => {
  const { wordsOf } = (await import(join(root, 'examples/demo/public/log.js'))) as Log
  const causes: Record<SessionStartedEvent['cause'], string> = {
    first: 'A session began',
    resumed: 'A session was taken up again',
    assurance: 'The session rose to level 2',
  }
  for (const [cause, text] of Object.entries(causes)) {
    expect(wordsOf({ type: 'session.started', cause, level: 2 })).toEqual({ text, more: 'level 2' })
  }
})
