/** @module `npm run demo` on a machine with nothing but Node, npm and a clone: set-up, then the demo itself. */
import { prepare, SetUpError } from '../set-up.mjs'

try {
  await prepare((line) => console.log(line))
  const { main } = await import('./main.mjs')
  process.exitCode = (await main(process.argv.slice(2))) ?? 0
} catch (error) {
  console.error(error instanceof SetUpError ? error.message : error)
  process.exitCode = 1
}
