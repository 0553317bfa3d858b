import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional(() => {
  const parts = ['one\n', 'two\n']
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    },
  })
  return new Response(body)
})
