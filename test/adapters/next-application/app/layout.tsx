import type { ReactNode } from 'react'

export const metadata = { title: 'Permits', icons: 'data:,' }

/** Without anything of a request, so that pages can be made at build where components are cached. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
