/** @module What browsers send, and whether it counts as the person's activity. */

/** The application that they are sent to. */
export const origin = 'https://benefits.citizen.example'
/** `fetch` of its own pages. */
export const own = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  accept: '*/*',
}
/** A link of its own pages. */
export const page = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
}
const beacon = { ...own, 'sec-fetch-mode': 'no-cors', origin }

/** Whether it touches, the method, and what the browser sends. */
export type Row = readonly [
  name: string,
  touches: boolean,
  method: string,
  headers: Readonly<Record<string, string>>,
]

/** What browsers send. */
export const rows: readonly Row[] = [
  ['a page that is opened', true, 'GET', { ...page, 'sec-fetch-site': 'none', 'sec-fetch-user': '?1' }],
  [
    'a link from another site',
    true,
    'GET',
    { ...page, 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' },
  ],
  ['a form', true, 'POST', { ...page, origin, 'content-type': 'application/x-www-form-urlencoded' }],
  ['fetch', true, 'GET', own],
  ['fetch that sends JSON', true, 'POST', { ...own, origin, 'content-type': 'application/json' }],
  ['fetch, marked', false, 'GET', { ...own, 'citizen-activity': 'none' }],
  ['fetch of a sibling application', false, 'GET', { ...own, 'sec-fetch-site': 'same-site' }],
  ['an event stream', false, 'GET', { ...own, accept: 'text/event-stream', 'cache-control': 'no-cache' }],
  [
    'an event stream of a library',
    false,
    'POST',
    { ...own, origin, accept: 'application/json, text/event-stream' },
  ],
  ['a beacon', false, 'POST', { ...beacon, 'content-type': 'text/plain;charset=UTF-8' }],
  [
    'a beacon of a form',
    false,
    'POST',
    { ...beacon, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
  ],
  ['a ping', false, 'POST', { ...beacon, 'content-type': 'text/ping', 'ping-to': `${origin}/x` }],
  ['a ping of an older browser', false, 'POST', { accept: '*/*', origin, 'content-type': 'text/ping' }],
  [
    'a report of the policy',
    false,
    'POST',
    { ...beacon, 'sec-fetch-dest': 'report', 'content-type': 'application/csp-report' },
  ],
  [
    'the same of an older browser',
    false,
    'POST',
    { accept: '*/*', 'content-type': 'application/csp-report' },
  ],
  [
    'a report',
    false,
    'POST',
    {
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'report',
      'content-type': 'application/reports+json',
    },
  ],
  ['a report without metadata', false, 'POST', { 'content-type': 'application/reports+json' }],
  [
    'a socket of Chromium over http',
    false,
    'GET',
    { connection: 'Upgrade', upgrade: 'websocket', origin, 'sec-websocket-version': '13' },
  ],
  [
    'a socket of Chromium',
    false,
    'GET',
    {
      upgrade: 'websocket',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'websocket',
      'sec-fetch-dest': 'websocket',
    },
  ],
  [
    'a socket of Firefox',
    false,
    'GET',
    {
      upgrade: 'websocket',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'websocket',
      'sec-fetch-dest': 'empty',
    },
  ],
  ['a prefetch by link', false, 'GET', { ...own, 'sec-fetch-mode': 'no-cors', 'sec-purpose': 'prefetch' }],
  [
    'a prefetch by rules',
    false,
    'GET',
    { ...page, 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch', 'sec-speculation-tags': 'null' },
  ],
  [
    'a prerendered page',
    false,
    'GET',
    { ...page, 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch;prerender' },
  ],
  ['fetch of a prerendered page', false, 'GET', { ...own, 'sec-purpose': 'prefetch;prerender' }],
  ['a prefetch of an older Firefox', false, 'GET', { accept: '*/*', 'x-moz': 'prefetch' }],
  ['a prefetch of an older Safari', false, 'GET', { accept: 'text/html', 'x-purpose': 'preview' }],
  ['a prefetch by the router of Next.js', false, 'GET', { ...own, rsc: '1', 'next-router-prefetch': '1' }],
  ['a navigation by the router of Next.js', true, 'GET', { ...own, rsc: '1' }],
  ...['iframe', 'frame', 'object', 'embed', 'fencedframe'].map(
    (name): Row => [`a ${name}`, false, 'GET', { ...page, 'sec-fetch-dest': name }],
  ),
  ...[
    'image',
    'script',
    'style',
    'font',
    'video',
    'audio',
    'track',
    'manifest',
    'worker',
    'serviceworker',
    'json',
  ].map(
    (name): Row => [
      `a ${name}`,
      false,
      'GET',
      { ...own, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': name },
    ],
  ),
  ['a client that is no browser of today', true, 'GET', { accept: '*/*' }],
  ['the same for another site', false, 'GET', { accept: '*/*', origin: 'https://evil.example' }],
]
