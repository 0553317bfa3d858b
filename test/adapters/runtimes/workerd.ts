/** @module The application of the adapter contract on workerd. */
import { createApplication } from './application.js'

let serve: ReturnType<typeof createApplication> | undefined

// biome-ignore lint/style/noDefaultExport: the form that workerd asks for
export default {
  fetch(request: Request, bindings: { readonly SETTINGS: string }): Promise<Response> {
    // Made by the first request: outside of requests workerd has no random numbers.
    serve ??= createApplication(JSON.parse(bindings.SETTINGS))
    return serve(request)
  },
}
