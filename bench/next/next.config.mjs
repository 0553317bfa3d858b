import { fileURLToPath } from 'node:url'

export default {
  // Only because the bench uses the package from the folder above it.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
}
