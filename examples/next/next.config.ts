import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const config: NextConfig = {
  // Only because this example uses the package from the folder above it.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
}

export default config
