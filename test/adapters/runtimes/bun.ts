/** @module The application of the adapter contract on Bun. */
import { createApplication } from './application.js'

declare const Bun: {
  serve(options: { hostname: string; port: number; fetch(request: Request): Promise<Response> }): {
    readonly port: number
  }
}

const { port } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: createApplication(JSON.parse(String(process.env.SETTINGS))),
})
console.log(JSON.stringify({ port }))
