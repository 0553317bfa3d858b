import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const config: NextConfig = {
  turbopack: { root: fileURLToPath(new URL('../../..', import.meta.url)) },
  cacheComponents: process.env.TEST_CACHE_COMPONENTS === 'yes',
}

export default config
