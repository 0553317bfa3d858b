/** Nothing here knows of citizens. */
export function GET() {
  return Response.json('for all', {
    headers: { 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=60' },
  })
}
