import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { deskUrl, isShort } from '../lib/demo'

export const metadata = { title: 'Permits', icons: 'data:,' }

export default async function Layout({ children }: { children: ReactNode }) {
  // Its scripts carry a nonce that is new with each request: see proxy.ts.
  await connection()
  return (
    <html lang="en" data-application="permits">
      <head>
        {deskUrl && <link rel="stylesheet" href="/demo/demo.css" />}
        {deskUrl && <script type="module" src="/demo/panel.js" />}
        <script src="/session/client.js" defer data-headless={isShort || undefined} />
      </head>
      <body>{children}</body>
    </html>
  )
}
