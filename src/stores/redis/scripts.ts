/**
 * @module The atomic steps in Redis, as Lua. Each touches one key, the hash of one person, so that a Cluster needs
 * nothing special. Formats are those of `redis-format.ts`; times and lengths of life come from the caller's clock.
 */
import { clockTolerance } from '../../wait.js'
import { newerReasons } from './format.js'
import { ends, makeRoom, survey, tidy } from './script-bounds.js'
import {
  alias,
  announce,
  createScript,
  keepFor,
  live,
  mark,
  names,
  refusal,
  replicas,
  shown,
  words,
} from './script-parts.js'

const start = `
local application, session, record, issued, now, retain, resumedReason, resumedAt, proven, forgotten, limit, marks =
  unpack(ARGV)
limit, marks = tonumber(limit), tonumber(marks)
local field = 'r:' .. application .. ':' .. session
local view = survey('r:' .. application .. ':', field, tonumber(forgotten), 2 * (limit + marks))
local value = redis.call('HGET', key, field)
local known = value and endOf(words(value))
if known and known[2] ~= 'e' then
  if known[1] ~= '1' or known[2] ~= 'l' then return {'format'} end
  return {'exists', value}
end
local proof = tonumber(proven)
local revocation = refusalOf(application, session, proof)
if not revocation then
  local person = redis.call('HGET', key, 'v')
  local at = person and tonumber(words(person)[REVOCATION.at])
  if person and tonumber(issued) < at and proof <= at then revocation = person end
end
if revocation then
  local revoked = words(revocation)
  local generation, sealed, shown = '-', '-', nil
  retain = larger(revoked[REVOCATION.retain], retain)
  if known and known[1] == '1' then
    generation, sealed, retain = known[ENDED.generation], known[ENDED.sealed], larger(known[ENDED.retain], retain)
    shown = known[ENDED.shown]
  end
  local reason, at = revoked[REVOCATION.reason], revoked[REVOCATION.at]
  value = table.concat({'1 e', reason, at, generation, retain, sealed, shown}, ' ')
  makeRoom(view, application, limit, marks, now, false)
  redis.call('HSET', key, field, value)
  mark('v:' .. session, reason, at, retain)
  keepFor(tonumber(retain) - tonumber(now))
  return {'revoked', value}
end
if not known then
  local name = aliasOf(application, session)
  if name then return {'alias', name} end
else
  local reason, at = known[ENDED.reason], known[ENDED.at]
  local isResumed = reason == resumedReason and at == resumedAt
  if known[1] ~= '1' or (tonumber(at) >= proof and not isResumed) then return {'exists', value} end
end
local displaced = makeRoom(view, application, limit, marks, now, true)
redis.call('HSET', key, field, record)
keepFor(tonumber(retain) - tonumber(now))
return {'started', unpack(displaced)}
`

const update = `
local field, generation, life, seen, expires, newGeneration, level, authenticated, retain, sealed, ends, replaces,
  notAfter, signIn, newestToken = unpack(ARGV)
local record, why = live(field, generation)
if not record then return {why} end
if replaces ~= '' and record[LIVE.sealed] ~= replaces then return {'rewritten'} end
local known = record[LIVE.newestToken]
local olderUntil = known and tonumber(string.sub(known, 2))
if newestToken ~= '' and olderUntil and olderUntil > tonumber(string.sub(newestToken, 2)) then return {'newer'} end
record[LIVE.seen] = larger(seen, record[LIVE.seen])
if notAfter ~= '' then
  record[LIVE.started] = smaller(notAfter, record[LIVE.started])
  record[LIVE.seen] = smaller(notAfter, record[LIVE.seen])
  if olderUntil then
    local latest = string.format('%.0f', tonumber(notAfter) + ${clockTolerance})
    record[LIVE.newestToken] = string.sub(known, 1, 1) .. smaller(latest, string.sub(known, 2))
  end
end
record[LIVE.expires] = larger(expires, record[LIVE.expires])
record[LIVE.retain] = larger(retain, record[LIVE.retain])
if ends ~= '' then record[LIVE.ends] = ends end
if newGeneration ~= '' then record[LIVE.generation] = newGeneration end
if level ~= '' then record[LIVE.level] = level end
if authenticated ~= '' then record[LIVE.authenticated] = authenticated end
if sealed ~= '' then record[LIVE.sealed] = sealed end
if signIn ~= '' then record[LIVE.signIn] = signIn end
if newestToken ~= '' then
  record[LIVE.signIn], record[LIVE.begunBy] = record[LIVE.signIn] or '-', record[LIVE.begunBy] or '-'
  record[LIVE.newestToken] = newestToken
end
redis.call('HSET', key, field, table.concat(record, ' '))
if retain ~= '' then keepFor(life) end
return {'done'}
`

const end = `
local newer = {${newerReasons.map((reason) => `['${reason}'] = true`).join(', ')}}
local field, generation, seen, life, reason, at, endedGeneration, retain, sealed, replaces = unpack(ARGV)
local record, why = live(field, generation)
if why == 'format' then return {why} end
if why == 'gone' then return {why, replicas()} end
local isTouched = record and seen ~= '' and tonumber(record[LIVE.seen]) > tonumber(seen)
local isRewritten = record and replaces ~= '' and record[LIVE.sealed] ~= replaces
if not record or isTouched or isRewritten then
  return {'exists', redis.call('HGET', key, field), replicas()}
end
retain = larger(record[LIVE.retain], retain)
local format = newer[reason] and '2 e' or '1 e'
local value = table.concat({format, reason, at, endedGeneration, retain, sealed, shownOf(record)}, ' ')
redis.call('HSET', key, field, value)
redis.call('HDEL', key, 'k' .. string.sub(field, 2))
keepFor(life)
return {'ended', value, replicas()}
`

const retain = `
local application, session, retain, life = unpack(ARGV)
local function lengthen(field, kind, position)
  local value = redis.call('HGET', key, field)
  local record = value and endOf(words(value))
  if not record or record[2] ~= kind then return false end
  if record[1] == '1' and tonumber(record[position]) < tonumber(retain) then
    record[position] = retain
    record[1] = string.sub(value, 1, 1)
    local isMark = record[1] == '2' and #words(value) < 7
    local mark = isMark and markOf(record[ENDED.reason], record[ENDED.at], retain, record[ENDED.shown])
    local text = mark or table.concat(record, ' ')
    redis.call('HSET', key, field, text)
  end
  return true
end
if lengthen('r:' .. application .. ':' .. session, 'e', ENDED.retain) then
  lengthen('v:' .. session, 'v', REVOCATION.retain)
  keepFor(life)
end
return {'done'}
`

/**
 * The sessions of a person beyond the bound of marks are refused by the person's own revocation and their ends alone.
 * Replies replicas, the field of the revocation, the sessions, then application, session and record of each that was live.
 */
const revoke = `
local kind, named, reason, at, retain, life, forgotten, now, marks = unpack(ARGV)
marks = tonumber(marks)
local fields, records, aliases, known = redis.call('HKEYS', key), {}, {}, {}
for _, field in ipairs(fields) do
  local kind = string.sub(field, 1, 2)
  local session = string.sub(kind, 2) == ':' and string.match(field, '([^:]+)$')
  if session then known[session] = true end
  if kind == 'r:' then records[field] = session end
  if kind == 'a:' then
    aliases[session] = words(redis.call('HGET', key, field))[ALIAS.session]
    known[aliases[session]] = true
  end
end
local function rootOf(session)
  for _ = 1, 64 do
    if not aliases[session] then return session end
    session = aliases[session]
  end
  return session
end
local root = named ~= '' and rootOf(named)
if kind == 'session' then known[named] = true end
local reply, revoked = {'revoked', replicas(), ''}, {}
for session in pairs(known) do
  local isMeant = kind == 'person' or (rootOf(session) == root) == (kind == 'session')
  known[session] = isMeant
  if isMeant then
    revoked[#revoked + 1] = session
  end
end
local isTooMany = kind == 'person' and #revoked > marks
for _, session in ipairs(isTooMany and {} or revoked) do
  mark('v:' .. session, reason, at, retain)
  reply[3] = 'v:' .. session
end
reply[4] = table.concat(revoked, ' ')
if kind == 'person' then
  mark('v', reason, at, retain)
  reply[3] = 'v'
end
for field, session in pairs(records) do
  local value = known[session] and redis.call('HGET', key, field)
  local format, state = string.match(value or '', '^(%S+) (%S+)')
  if value and state ~= 'e' then
    local generation, kept, sealed, shown = '-', retain, '-', nil
    if format == '1' then
      shown = shownOf(words(value))
      generation, kept, sealed = string.match(value, '^1 %S+ (%S+)' .. string.rep(' %S+', 7) .. ' (%S+) (%S+)')
      kept = larger(kept, retain)
      reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = string.sub(field, 3, -2 - #session), session, value
    end
    redis.call('HSET', key, field, table.concat({'1 e', reason, at, generation, kept, sealed, shown}, ' '))
    redis.call('HDEL', key, 'k' .. string.sub(field, 2))
  end
end
if reply[3] ~= '' then keepFor(life) end
tidy(#fields, forgotten, now, marks, isTooMany and {} or known)
return reply
`

/**
 * Answers `confirmed` if an end or revocation is (still) there, and writes it once more as it is: whatever replica
 * acknowledges this write has the first one too, whichever connection or server that went over. Where nothing was found
 * (no time is given), it answers `confirmed` as long as that is so; the write is then that of a place that says nothing.
 */
const confirm = `
local value = redis.call('HGET', key, ARGV[1])
if not value and ARGV[2] == '' then
  redis.call('HSET', key, 'b', redis.call('HGET', key, 'b') or '0 b 0')
  keepFor(1000)
  return {'confirmed', replicas()}
end
local record = value and endOf(words(value))
-- An end has its time where a revocation has it.
if not record or record[2] == 'l' or tonumber(record[ENDED.at]) < (tonumber(ARGV[2]) or 0) then return {'gone'} end
redis.call('HSET', key, ARGV[1], value)
return {'confirmed', replicas()}
`

/** Of several values of one session the latest revocation; one of a newer format counts as the latest. */
const revocation = `
local found, latest
for _, session in ipairs(ARGV) do
  for _, name in ipairs(namesOf(session)) do
    local value = redis.call('HGET', key, 'v:' .. name)
    if value then
      local at = tonumber(words(value)[REVOCATION.at]) or math.huge
      if not found or at > latest then found, latest = value, at end
      break
    end
  end
end
if found then return {'session', found} end
local value = redis.call('HGET', key, 'v')
if value then return {'person', value} end
return {'none'}
`

/**
 * A page of the records of a person; nothing is written. Replies where the next page begins (`0`: nowhere), which
 * process of which server said so, then application, session and record of each. A place in a hash means nothing to
 * another process: where processes cannot be told apart, a person is one page.
 */
const list = `
local cursor, step = unpack(ARGV)
local scanned, server = redis.call('HSCAN', key, cursor, 'COUNT', step), '-'
if cursor ~= '0' or scanned[1] ~= '0' then
  local info = redis.pcall('INFO', 'server')
  server = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '-'
  if server == '-' then scanned = {'0', redis.call('HGETALL', key)} end
end
local reply = {'list', scanned[1], server}
for index = 1, #scanned[2], 2 do
  local application, session = string.match(scanned[2][index], '^r:(.*):([^:]+)$')
  if application then
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = application, session, scanned[2][index + 1]
  end
end
return reply
`

const addAlias = `
local application, session, generation, named = unpack(ARGV)
local record, why = live('r:' .. application .. ':' .. session, generation)
if not record then return {why} end
if refusalOf(application, named, 0) then return {'revoked'} end
local theirs, ours = namesOf(named), namesOf(session)
if theirs[#theirs] ~= ours[#ours] then redis.call('HSET', key, 'a:' .. theirs[#theirs], '1 a ' .. session) end
return {'done'}
`

const readAlias = `
local field = 'r:' .. ARGV[1] .. ':' .. ARGV[2]
local value = redis.call('HGET', key, field)
if value then return {'record', value} end
local name = aliasOf(ARGV[1], ARGV[2])
if name then return {'alias', name} end
return {'none'}
`

const keep = `
local field, generation, kept, fence, expires = unpack(ARGV)
local record, why = live(field, generation)
if not record then return {why} end
local keptField = 'k' .. string.sub(field, 2)
local known = redis.call('HGET', key, keptField)
if known and words(known)[1] ~= '1' then return {'format'} end
if known and tonumber(words(known)[KEPT.fence]) > tonumber(fence) then return {'older'} end
redis.call('HSET', key, keptField, kept)
record[LIVE.expires] = larger(expires, record[LIVE.expires])
redis.call('HSET', key, field, table.concat(record, ' '))
return {'done'}
`

const kept = `return {redis.call('HGET', KEYS[1], ARGV[1]) or '', redis.call('HGET', KEYS[1], ARGV[2]) or ''}`

const dropKept = `
local known = redis.call('HGET', key, ARGV[1])
if known and words(known)[KEPT.fence] == ARGV[2] then redis.call('HDEL', key, ARGV[1]) end
return {'done'}
`

/**
 * The number comes from the server's clock in microseconds, and is above the last one, which is kept for an hour: the
 * clock of a server that was promoted may be behind. KEYS: the lease, its last number.
 */
const lease = `
if redis.call('EXISTS', KEYS[1]) == 1 then return {'taken'} end
local time = redis.call('TIME')
local fence = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', KEYS[2]) or 0) or 0
if fence <= last then fence = last + 1 end
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text, 'PX', 3600000)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return {'leased', text}
`

const renew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'other'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
`

const release = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'done'}
`

const withdraw = `
local text = redis.call('GET', KEYS[1])
if not text then return {'none'} end
redis.call('DEL', KEYS[1])
return {'found', text}
`

/** Holds a key for an owner, anew or once more. */
const hold = `
local known = redis.call('GET', KEYS[1])
if known and known ~= ARGV[1] then return {'other'} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'done'}
`

/** Every atomic step by its name. */
export const scripts = {
  start: createScript(
    announce,
    words,
    keepFor,
    names,
    alias,
    refusal,
    mark,
    shown,
    ends,
    survey,
    makeRoom,
    start,
  ),
  update: createScript(announce, words, keepFor, live, update),
  end: createScript(announce, words, keepFor, live, replicas, shown, end),
  retain: createScript(words, keepFor, ends, retain),
  revoke: createScript(announce, words, keepFor, mark, replicas, shown, ends, survey, makeRoom, tidy, revoke),
  confirm: createScript(words, keepFor, replicas, ends, confirm),
  revocation: createScript(words, names, revocation),
  list: createScript(words, list),
  alias: createScript(words, names, refusal, live, addAlias),
  readAlias: createScript(words, names, alias, readAlias),
  keep: createScript(announce, words, live, keep),
  kept: createScript(kept),
  dropKept: createScript(words, dropKept),
  lease: { ...createScript(lease), keyCount: 2 },
  renew: createScript(renew),
  release: createScript(release),
  withdraw: createScript(withdraw),
  hold: createScript(hold),
} as const
