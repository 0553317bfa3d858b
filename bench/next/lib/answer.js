/** @module The answer that both contenders give: the person must be the one who is expected. */

export function answer(person) {
  if (person !== process.env.BENCH_PERSON) return new Response('not who was expected', { status: 401 })
  return new Response(process.env.BENCH_BODY, { headers: { 'content-type': 'application/json' } })
}
