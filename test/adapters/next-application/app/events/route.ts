import { auth } from '../../lib/auth'

export const GET = auth.withCitizen((_request, { citizen }) => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('data: open\n\n'))
      citizen.ended.addEventListener('abort', () => controller.close())
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
})
