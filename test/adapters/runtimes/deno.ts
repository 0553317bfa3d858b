/** @module The application of the adapter contract on Deno. */
import { createApplication } from './application.js'

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(address: { readonly port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): void
}

const onListen = ({ port }: { readonly port: number }) => console.log(JSON.stringify({ port }))
Deno.serve(
  { hostname: '127.0.0.1', port: 0, onListen },
  createApplication(JSON.parse(String(process.env.SETTINGS))),
)
