/**
 * @module Faults of order, time and loss as they were seen elsewhere, each put into one function of the core: the simulation is
 * worth what it finds of them. `of`: where such a fault was seen, or which promise it breaks. `within`: so many seeds at most.
 */

/** @typedef {{ file: string, find: string, put: string }} Patch */
/** @typedef {{ name: string, of: string, patches: Patch[] }} Planted */

/**
 * One patch of one file.
 * @param {string} file
 * @param {string} find
 * @param {string} put
 * @returns {Patch}
 */
const patch = (file, find, put) => ({ file: `src/${file}`, find, put })

/** @type {readonly Planted[]} */
export const plantedFaults = [
  {
    name: 'a start does not look at the revocation of its session value',
    of: 'express-openid-connect: a sign-out while the first request was under way',
    patches: [
      patch(
        'stores/memory/revocations.ts',
        'if (revocation !== undefined && provenAt <= revocation.at) return revocation',
        'void provenAt',
      ),
      patch(
        'stores/redis/script-parts.ts',
        'if revocation and (not at or proof <= at) then return revocation end',
        '',
      ),
    ],
  },
  {
    name: 'a start brings an ended record back',
    of: 'Duende BFF, express-session #632: a save in flight recreates what a sign-out deleted',
    patches: [
      patch(
        'stores/memory/start.ts',
        'if (ended === undefined || ended.at < provenAt) return false',
        'if (ended !== undefined || provenAt >= 0 || resumes === undefined) return false',
      ),
      patch(
        'stores/redis/scripts.ts',
        "if known[1] ~= '1' or (tonumber(at) >= proof and not isResumed) then return {'exists', value} end",
        '',
      ),
      patch(
        'stores/memory/revocations.ts',
        'if (revocation !== undefined && provenAt <= revocation.at) return revocation',
        'void provenAt',
      ),
      patch(
        'stores/redis/script-parts.ts',
        'if revocation and (not at or proof <= at) then return revocation end',
        '',
      ),
    ],
  },
  {
    name: 'a sign-out ends the sessions of its own application alone',
    of: 'one sign-out that ends everything',
    patches: [
      patch(
        'stores/memory/revoke.ts',
        'if (entry.ended !== undefined || !sessions.has(entry.session)) continue',
        "if (entry.ended !== undefined || !sessions.has(entry.session) || entry.application === 'benefits') continue",
      ),
      patch(
        'stores/redis/scripts.ts',
        "local value = known[session] and redis.call('HGET', key, field)",
        "local value = known[session] and not string.find(field, 'benefits') and redis.call('HGET', key, field)",
      ),
    ],
  },
  {
    name: 'an outage of the store is read as "nothing is there"',
    of: 'oauth2-proxy: everybody was signed out at once',
    patches: [patch('authenticate.ts', "return unavailable('store')", "return anonymous('not-signed-in')")],
  },
  {
    name: 'an outage deletes the shared cookie',
    of: 'oauth2-proxy: cookies were cleared',
    patches: [
      patch(
        'shared-cookie/credential.ts',
        "const isRevoked = reason === 'signed-out' || reason === 'revoked'",
        'const isRevoked = true',
      ),
    ],
  },
  {
    name: 'every refresh gets the lease',
    of: 'parallel requests that kill a rotated token',
    patches: [
      patch(
        'sessions/renewal.ts',
        "if (fence === undefined) return { kind: 'elsewhere' }",
        "if (fence === undefined && key === '') return { kind: 'elsewhere' }",
      ),
      patch(
        'sessions/renewal.ts',
        'const fence = await store.lease(key, seconds)',
        'const fence = (await store.lease(key, seconds)) ?? 0',
      ),
      patch('sessions/renewal.ts', 'const record = await store.read(address)', 'const record = asked.record'),
    ],
  },
  {
    name: 'the lease of a refresh is shorter than a slow answer',
    of: 'oauth2-proxy #3456',
    patches: [
      patch(
        'sessions/renewal.ts',
        'const seconds = timeoutSeconds + 2 + unwrittenSeconds',
        'const seconds = 0.002 + 0 * (timeoutSeconds + unwrittenSeconds)',
      ),
    ],
  },
  {
    name: 'who gets the lease does not look whether another one has refreshed',
    of: 'coalescing calls in flight is not enough',
    patches: [
      patch(
        'shared-cookie/refresh.ts',
        'record.tokenExpiresAt > token.expiresAt ? undefined : joinToken(token.parts)',
        'record.tokenExpiresAt < 0 ? undefined : joinToken(token.parts)',
      ),
    ],
  },
  {
    name: 'what a refresh brought is handed to every session',
    of: 'CVE-2025-67490: tokens cross between people',
    patches: [
      patch(
        'single-flight.ts',
        'const current = underWay.get(key)\n      if (current !== undefined) return current',
        'const current = underWay.values().next().value\n      if (current !== undefined) return current',
      ),
    ],
  },
  {
    name: 'a token is known by the kind of its header',
    of: 'cache collision: node-jws, fast-jwt, clerk #9394',
    patches: [
      patch(
        'tokens/verified-cache.ts',
        'if (known.signature !== signature || known.payload !== parts.payload || known.header !== parts.header) {',
        'if (known.header !== parts.header) {',
      ),
      patch(
        'tokens/verified-cache.ts',
        'const tail = signature.slice(-43)\n      let entry = young.get(tail)',
        'const tail = signature.slice(-43)\n      let entry = young.get(tail) ?? young.values().next().value',
      ),
    ],
  },
  {
    name: 'a sign-out is told as done before it is',
    of: 'the receipt never says more than is so',
    patches: [
      patch(
        'logout/global-logout.ts',
        'const { acknowledged } = await lifecycle.revoke(person, scope, reason, tokenExpiresAt)',
        'void lifecycle.revoke(person, scope, reason, tokenExpiresAt).catch(() => undefined)\n  const acknowledged = true',
      ),
    ],
  },
  {
    name: 'a sign-out only deletes the cookies',
    of: 'next-auth #836: the token stays good',
    patches: [
      patch(
        'logout/global-logout.ts',
        'const { acknowledged } = await lifecycle.revoke(person, scope, reason, tokenExpiresAt)',
        'void [lifecycle, person, scope, reason, tokenExpiresAt]\n  const acknowledged = true',
      ),
    ],
  },
  {
    name: 'an end counts as done before a replica has it',
    of: 'a failover that brings an ended session back',
    patches: [
      patch(
        'stores/redis/acknowledge.ts',
        'if (master.online !== undefined && needed(master) === 0) return Promise.resolve(true)',
        'if (end.key !== "" || (master.online !== undefined && needed(master) === 0)) return Promise.resolve(true)',
      ),
    ],
  },
  {
    name: 'what the store could not take is told as done',
    of: 'SimpleSAMLphp: fewer sessions ended than asked, and the answer says Success',
    patches: [
      patch(
        'logout/global-logout.ts',
        "const away = { state: 'timed-out', reason: 'store-unavailable' } as const",
        "const away = { state: 'done' } as const",
      ),
    ],
  },
  {
    name: 'polls keep a session alive',
    of: 'NextAuth #1458: heartbeats that must not keep a session alive',
    patches: [
      patch(
        'sessions/activity.ts',
        "if (exchange.header('citizen-activity') === 'none' || isPrefetch(exchange)) return false",
        'if (isPrefetch(exchange)) return false',
      ),
    ],
  },
  {
    name: 'an idle session goes on when the next request comes',
    of: 'better-auth #10405: idle and absolute limits together',
    patches: [
      patch(
        'sessions/timers.ts',
        'if (now < idleEnd && now < times.endsAt) return undefined',
        'if (now < times.endsAt) return undefined',
      ),
    ],
  },
  {
    name: 'there is no absolute limit',
    of: 'CVE-2025-46344: a sealed session that never expires',
    patches: [
      patch(
        'sessions/timers.ts',
        'if (now < idleEnd && now < times.endsAt) return undefined',
        'if (now < idleEnd) return undefined',
      ),
    ],
  },
  {
    name: 'a touch is written too seldom',
    of: 'a session may end a touch interval early, not more',
    patches: [
      patch(
        'sessions/timers.ts',
        'return Math.min(10_000, idleMilliseconds / 20)',
        'return idleMilliseconds * 0.6',
      ),
    ],
  },
  {
    name: 'a touch moves the last activity back',
    of: 'the later of two touches counts',
    patches: [
      patch(
        'stores/memory/records.ts',
        'lastSeenAt: Math.min(Math.max(live.lastSeenAt, lastSeenAt), notAfter)',
        'lastSeenAt: Math.min(lastSeenAt > 0 ? lastSeenAt - 9000 : live.lastSeenAt, notAfter)',
      ),
      patch(
        'stores/redis/scripts.ts',
        'record[LIVE.seen] = larger(seen, record[LIVE.seen])',
        "if seen ~= '' then record[LIVE.seen] = string.format('%.0f', tonumber(seen) - 9000) end",
      ),
    ],
  },
  {
    name: 'a provider that is out of order ends sessions',
    of: 'the provider being down must not sign everybody out',
    patches: [
      patch(
        'sessions/renewal-conclusion.ts',
        "if (method.termsOf(request).onUnavailable === 'end') {",
        "if (method.termsOf(request).onUnavailable === 'end' || status === 503) {",
      ),
    ],
  },
  {
    name: 'near reads do not hear of changes',
    of: 'CVE-2025-48947: what is remembered outlives what it says',
    patches: [
      patch(
        'stores/redis/near/near-store.ts',
        'memory.forget(person)\n      for (const watcher',
        'for (const watcher',
      ),
    ],
  },
  {
    name: 'near reads go on without a proof',
    of: 'the bound of near reads',
    patches: [
      patch(
        'stores/redis/near/near-store.ts',
        'return elapsed() - heartbeat.provenAt <= staleMilliseconds',
        'return elapsed() - heartbeat.provenAt <= staleMilliseconds * 1000',
      ),
      patch(
        'stores/redis/near/heartbeat.ts',
        'context.provenAt = Number.NEGATIVE_INFINITY\n  context.onGap()',
        'void context',
      ),
    ],
  },
  {
    name: 'what was read while it changed is remembered',
    of: 'a read and a change that cross',
    patches: [
      patch(
        'stores/redis/near/memory.ts',
        "if (ticket.isSpoilt || record.state !== 'live') return",
        "if (record.state !== 'live') return",
      ),
    ],
  },
  {
    name: 'an open socket is never looked at again',
    of: '`ended` fires in time',
    patches: [
      patch(
        'sessions/ended-signal.ts',
        'if ((isTurn && isStale) || seemsOver(watch, entry, now)) lookSoon(watch, entry)',
        'void [isTurn, isStale]',
      ),
    ],
  },
  {
    name: 'an outage closes open sockets',
    of: '`ended` fires for an end alone',
    patches: [
      patch(
        'sessions/ended-signal.ts',
        '() => {\n        entry.hearing = unheard\n      },',
        "() => finish(watch, entry, 'gone'),",
      ),
    ],
  },
  {
    name: 'a hint of any age ends the session',
    of: 'an older generation is nobody',
    patches: [
      patch(
        'shared-cookie/credential.ts',
        'if (hint.session !== session) {',
        'if (hint.session !== session || hint.generation !== state.generation) {',
      ),
      patch(
        'shared-cookie/credential.ts',
        "if (record?.state === 'live' && record.generation === generation) {",
        "if (record?.state === 'live' && generation !== '') {",
      ),
    ],
  },
  {
    name: 'the end of a person stands for one session only',
    of: 'better-auth: one slot for each name, so only the last device signs out',
    patches: [
      patch(
        'stores/memory/person-index.ts',
        "if (scope.kind === 'person') return known",
        "if (scope.kind === 'person') return new Set([...known].slice(0, 1))",
      ),
      patch(
        'stores/redis/scripts.ts',
        "local isMeant = kind == 'person' or (rootOf(session) == root) == (kind == 'session')",
        "local isMeant = (kind == 'person' and #revoked == 0) or (kind ~= 'person' and (rootOf(session) == root) == (kind == 'session'))",
      ),
    ],
  },
  {
    name: 'the end of a session is the end of all of the person',
    of: 'express-openid-connect: all devices are signed out, not the one',
    patches: [
      patch(
        'stores/memory/person-index.ts',
        "if (scope.kind === 'session') return sessionAndItsNames(marks, scope.session)",
        "if (scope.kind === 'session') return new Set([...sessionAndItsNames(marks, scope.session), ...Array.from(entriesOf(index, person), ({ session }) => session)])",
      ),
      patch(
        'stores/redis/scripts.ts',
        "local isMeant = kind == 'person' or (rootOf(session) == root) == (kind == 'session')",
        "local isMeant = kind == 'person' or kind == 'session'",
      ),
    ],
  },
  {
    name: 'the end of a person forgets tokens that no application has seen',
    of: 'a revocation is a time, compared with the beginning of the session',
    patches: [
      patch(
        'stores/memory/start.ts',
        'const isRefused = ofPerson !== undefined && issuedAt < ofPerson.at && provenAt <= ofPerson.at',
        'const isRefused = ofPerson !== undefined && issuedAt < 0 && provenAt <= ofPerson.at',
      ),
      patch(
        'stores/redis/scripts.ts',
        'if person and tonumber(issued) < at and proof <= at then revocation = person end',
        '',
      ),
    ],
  },
  {
    name: 'the next sign-in takes the revocation back',
    of: 'express-openid-connect: old sessions of other devices are valid again',
    patches: [
      patch(
        'stores/memory/start.ts',
        'const displaced = makeRoomFor(index, start, true)',
        'index.marks.delete(address.person)\n  const displaced = makeRoomFor(index, start, true)',
      ),
      patch(
        'stores/redis/scripts.ts',
        "redis.call('HSET', key, field, record)\nkeepFor",
        "for _, name in ipairs(redis.call('HKEYS', key)) do if string.sub(name, 1, 1) == 'v' then redis.call('HDEL', key, name) end end\nredis.call('HSET', key, field, record)\nkeepFor",
      ),
    ],
  },
  {
    name: 'a session that has ended is told as often as it is met',
    of: 'every ended session has exactly one such event',
    patches: [
      patch(
        'sessions/end.ts',
        "if (after?.state === 'ended' && after.sealed === ended.sealed) {",
        "if (after?.state === 'ended') {",
      ),
    ],
  },
  {
    name: 'a lease goes on being renewed when its work is done',
    of: 'nothing leaks when the process stops',
    patches: [patch('sessions/lease.ts', 'timers.clearInterval(timer)', 'void timer')],
  },
  {
    name: 'a suite that stops goes on taking its id',
    of: 'nothing leaks when the process stops',
    patches: [patch('stores/admission.ts', 'timers.clearInterval(context.renewal)', '')],
  },
  {
    name: 'cookies of a refresh are set after the sign-out',
    of: 'authkit-nextjs #28: a refresh under way brings the session back',
    patches: [
      patch(
        'sessions/renewal-conclusion.ts',
        "if (method.isForBrowser && (await store.read(request.address))?.state !== 'live') return { kind: 'ended' }",
        '',
      ),
      patch(
        'shared-cookie/refresh.ts',
        "if (current?.state !== 'live') return { kind: 'ended' }",
        "if (current?.state !== 'live') return { kind: 'written', result: { kind: 'token', token: fresh } }",
      ),
    ],
  },
  {
    name: 'a logout token is answered as done and ends nothing',
    of: 'express-openid-connect: a deny-list entry that lives 0 ms; mod_auth_openidc: 200 without a look at the delete',
    patches: [
      patch(
        'oidc/backchannel-logout.ts',
        'work: () => endNamed(host.sessions, token),',
        'work: async () => ({ ...(await endNamed(host.sessions, { ...token, sessionId: "another" })), acknowledged: true }),',
      ),
    ],
  },
  {
    name: 'a LogoutRequest of the provider ends nothing that it names',
    of: 'SimpleSAMLphp: fewer sessions ended than asked, and the answer says Success',
    patches: [
      patch(
        'saml/end-named-sessions.ts',
        'results.push(await host.sessions.revokeByIndex(keys, scope, reason))',
        'void [keys, scope, reason]\n    results.push({ persons: 1, ended: 0, acknowledged: true, tokens: [] })',
      ),
    ],
  },
  {
    name: 'a login that was under way begins what the provider has ended',
    of: 'Shibboleth, SAML Core 3.7.3.1: an assertion that arrives after the LogoutRequest is refused',
    patches: [
      patch(
        'protocol-sessions/login-checks.ts',
        'if (authenticatedAfter === undefined) return false',
        'if (authenticatedAfter === undefined) return true',
      ),
      patch(
        'stores/memory/revocations.ts',
        'if (revocation !== undefined && provenAt <= revocation.at) return revocation',
        'if (revocation !== undefined && revocation.reason !== "identity-ended" && provenAt <= revocation.at) return revocation',
      ),
    ],
  },
]
