/** @module Whatever waits in the core waits by `src/timers.ts`, so that a simulation can put virtual time there. */
import { expect, it } from 'vitest'
import { repositoryFiles, textOf } from './source.js'

/** What runs in a browser, or stands beside the core as a program of its own; keys in files are no part of a session. */
const others =
  /^src\/(?:browser|cli|emulator|issuing|pages)\/|^src\/(?:oidc\/(?:check-session-script|downstream)|saml\/keep-alive\/script)\.ts$/
const ownTimers =
  /(?<![\w.`'])(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|performance\.now)\(/

it('waits and measures by the timers of the seam alone', () => {
  const sources = repositoryFiles().filter((path) => /^src\/.*\.ts$/.test(path) && !others.test(path))
  expect(sources).toContain('src/stores/redis/deadline.ts')
  const found = sources.filter((path) => path !== 'src/timers.ts' && ownTimers.test(textOf(path)))
  expect(found).toEqual([])
})
