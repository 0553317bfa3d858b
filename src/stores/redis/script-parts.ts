/** @module What the scripts in Redis are put together from: functions in Lua that several of them use. */
import { createHash } from 'node:crypto'

/** A script with the digest under which Redis remembers it. */
export interface Script {
  readonly source: string
  readonly digest: string
  /** How many of what it is given are keys, all of one place: 1 unless said. */
  readonly keyCount?: number | undefined
}

/** A script of its parts, in their order. */
export function createScript(...parts: readonly string[]): Script {
  const source = parts.join('')
  return { source, digest: createHash('sha1').update(source).digest('hex') }
}

/**
 * The key, texts as words, where each word stands in what `format.ts` writes (after format and kind), and the larger and
 * the smaller of two numbers in words.
 */
export const words = `
local key = KEYS[1]
local LIVE = {
  generation = 3, started = 4, seen = 5, ends = 6, expires = 8, level = 9, authenticated = 10, retain = 11, sealed = 12,
  signIn = 13, begunBy = 14, newestToken = 15,
}
local ENDED = {reason = 3, at = 4, generation = 5, retain = 6, sealed = 7, shown = 8}
local REVOCATION = {reason = 3, at = 4, retain = 5, before = 6}
local ALIAS = {session = 3}
local KEPT = {fence = 4}
local function words(text)
  local list = {}
  for word in string.gmatch(text, '%S+') do list[#list + 1] = word end
  return list
end
local function larger(one, other)
  if (tonumber(one) or 0) > (tonumber(other) or 0) then return one end
  return other
end
local function smaller(one, other)
  if (tonumber(one) or 0) < (tonumber(other) or 0) then return one end
  return other
end
`

/** What a live record says of its newest token, as the last word of an end: the level, and that word right behind it. */
export const shown = `
local function shownOf(record)
  if record[LIVE.newestToken] then return record[LIVE.level] .. record[LIVE.newestToken] end
end
`

/**
 * Tells the channel that the last argument names, before anything is changed, that the hash is about to change. Where
 * that may not be told nothing is changed either: the caller registers that first, and comes again without a channel.
 */
export const announce = `
local channel = ARGV[#ARGV]
if channel ~= '' then
  local told = redis.pcall('PUBLISH', channel, KEYS[1])
  if type(told) == 'table' and told.err then return {'unannounced'} end
end
`

/** Lengthens the life of the hash, never shortens it. A hash without an end of life has just been made. */
export const keepFor = `
local function keepFor(milliseconds)
  local wanted = math.max(tonumber(milliseconds) or 0, 1000)
  if redis.call('PTTL', key) < wanted then redis.call('PEXPIRE', key, string.format('%.0f', wanted)) end
end
`

/** The older names of a session value. Bounded, so that a damaged hash cannot hold up the server. */
export const names = `
local function older(session)
  local value = redis.call('HGET', key, 'a:' .. session)
  if value then return words(value)[ALIAS.session] end
end
local function namesOf(session)
  local list, name = {}, session
  while name and #list < 64 do
    list[#list + 1] = name
    name = older(name)
  end
  return list
end
`

/** Where the record of a session value lies that has another name. */
export const alias = `
local function aliasOf(application, session)
  local list = namesOf(session)
  for index = 2, #list do
    if redis.call('HEXISTS', key, 'r:' .. application .. ':' .. list[index]) == 1 then return list[index] end
  end
  if #list > 1 then return list[#list] end
end
`

/**
 * The revocation that refuses a start under a session value: of its names the first that was revoked at the proof or
 * later. A name that has a live record ends the search: that record is newer than every revocation of its names.
 */
export const refusal = `
local function refusalOf(application, session, proof)
  for _, name in ipairs(namesOf(session)) do
    local record = redis.call('HGET', key, 'r:' .. application .. ':' .. name)
    if record and words(record)[2] ~= 'e' then return end
    local revocation = redis.call('HGET', key, 'v:' .. name)
    local at = revocation and tonumber(words(revocation)[REVOCATION.at])
    if revocation and (not at or proof <= at) then return revocation end
  end
end
`

/**
 * Of two revocations the later one, kept as long as the longer of them; an administrator's reason stays, and so do the words
 * of a newer format.
 */
export const mark = `
local function mark(field, reason, at, retain)
  local known, text = redis.call('HGET', key, field), {'1', 'v'}
  if known then
    local was = words(known)
    retain = larger(was[REVOCATION.retain], retain)
    local isByAdministrator = reason == 'revoked' or was[REVOCATION.reason] == 'revoked'
    if tonumber(was[REVOCATION.at]) >= tonumber(at) then reason, at = was[REVOCATION.reason], was[REVOCATION.at] end
    if isByAdministrator then reason = 'revoked' end
    if was[1] ~= '1' then text = was end
  end
  text[REVOCATION.reason], text[REVOCATION.at], text[REVOCATION.retain] = reason, at, retain
  redis.call('HSET', key, field, table.concat(text, ' '))
end
`

/** The live record of a generation, as words; else why not. */
export const live = `
local function live(field, generation)
  local value = redis.call('HGET', key, field)
  if not value then return nil, 'gone' end
  local record = words(value)
  if record[2] ~= 'l' then return nil, 'ended' end
  if record[1] ~= '1' then return nil, 'format' end
  if record[LIVE.generation] ~= generation then return nil, 'other' end
  return record
end
`

/**
 * How many replicas follow this server (-1 where that may not be asked), its identifier of replication, and the one it
 * had before it was promoted: one text with blanks.
 */
export const replicas = `
local function replicas()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' then return '-1 - -' end
  local _, online = string.gsub(info, 'state=online', '')
  local id = string.match(info, 'master_replid:(%x+)') or '-'
  return online .. ' ' .. id .. ' ' .. (string.match(info, 'master_replid2:(%x+)') or '-')
end
`
