/**
 * @module What keeps the hash of a person small, as functions in Lua. An end that gives way to others shrinks to a mark:
 * `2 e <code> <at> <retain>`, times in hexadecimal seconds, and what the newest token had shown, if that is known. It lies where the record lay, so that an older release finds
 * an end of a newer format there, and begins nothing anew. Field `b` says where the next look at a large hash goes on,
 * field `n` how often such looks have come round, and which applications they met.
 */
import { mostDisplaced, mostTogether } from '../bounds.js'
import { codeOfReason } from './format.js'

const codes = Object.entries(codeOfReason)
  .map(([reason, code]) => `['${reason}'] = '${code}'`)
  .join(', ')

/**
 * An end as the words of a whole one, whether it is whole (also of a reason that 0.1.0 does not know) or a mark; and the text
 * of a mark.
 */
export const ends = `
local codes, reasons = {${codes}}, {}
for reason, code in pairs(codes) do reasons[code] = reason end
local function endOf(record)
  if record[1] ~= '2' or record[2] ~= 'e' then return record end
  local isWhole = (#record == 7 or #record == 8) and codes[record[3]] and tonumber(record[4]) and tonumber(record[6])
  if isWhole then return {'1', unpack(record, 2)} end
  if #record ~= 5 and #record ~= 6 then return record end
  local reason, at, retain = reasons[record[3]], tonumber(record[4], 16), tonumber(record[5], 16)
  if not (reason and at and retain) then return record end
  local function milliseconds(seconds) return string.format('%.0f', seconds * 1000) end
  return {'1', 'e', reason, milliseconds(at), '-', milliseconds(retain), '-', record[6]}
end
local function markOf(reason, at, retain, shown)
  local function seconds(milliseconds) return string.format('%x', math.ceil(tonumber(milliseconds) / 1000)) end
  return table.concat({'2 e', codes[reason] or codes.revoked, seconds(at), seconds(retain), shown}, ' ')
end
`

/** Most applications of a person that are asked, one by one, whether they still need a name. */
const mostAsked = 16

/**
 * Drops the names of sessions of which nothing is kept. Who sees the whole hash knows; else the applications are asked
 * that were met in a whole round of looks, or have begun a session since.
 */
const dropNames = `
local function dropNames(aliases, needed, applications, isWhole, isRoundOver)
  local known = redis.call('HGET', key, 'n')
  local list, rounds = known and words(known) or {}, 0
  if isWhole then
    if known then redis.call('HDEL', key, 'n') end
  else
    rounds = tonumber(list[3]) or 0
    for index = 4, #list do applications[list[index]] = true end
    list = {'0', 'n', isRoundOver and rounds + 1 or rounds}
    for application in pairs(applications) do list[#list + 1] = application end
    redis.call('HSET', key, 'n', table.concat(list, ' '))
    if rounds == 0 or #list > 3 + ${mostAsked} then return end
  end
  local function isNeeded(name)
    if needed[name] or isWhole then return needed[name] end
    if redis.call('HEXISTS', key, 'v:' .. name) == 1 then return true end
    for index = 4, #list do
      if redis.call('HEXISTS', key, 'r:' .. list[index] .. ':' .. name) == 1 then return true end
    end
  end
  for session, name in pairs(aliases) do
    local isKept, steps = false, 0
    while name and not isKept and steps < 64 do
      local value = not aliases[name] and not isWhole and redis.call('HGET', key, 'a:' .. name)
      isKept, name, steps = isNeeded(name), aliases[name] or value and words(value)[ALIAS.session], steps + 1
    end
    if not isKept then redis.call('HDEL', key, 'a:' .. session) end
  end
end
`

/**
 * Looks at the hash, at so many fields of a large one, and drops what is retained until `forgotten` at most. Newer
 * formats are left to the end of life of the hash. Returns what was seen: of the records under `prefix` the live ones and
 * whole ends, but for the field `own`; of the person the marks.
 */
export const survey = `${dropNames}
local function survey(prefix, own, forgotten, step)
  local place = redis.call('HGET', key, 'b')
  local cursor = place and string.match(place, '%d+$') or '0'
  local scanned = redis.call('HSCAN', key, cursor, 'COUNT', step)
  local all, view, seen = scanned[2], {live = {}, ends = {}, marks = {}}, {}
  local needed, aliases, applications = {}, {}, {}
  if prefix ~= 'r:' then applications[string.sub(prefix, 3, -2)] = true end
  for index = 1, #all, 2 do
    local field, value = all[index], all[index + 1]
    local kind, session = string.sub(field, 1, 1), string.match(field, '([^:]*)$')
    if not seen[field] then
      seen[field] = true
      local retain, entry
      if kind == 'a' then
        aliases[session] = string.match(value, '^%S+ %S+ (%S+)')
      elseif kind == 'k' then
        retain = string.match(value, '^1 k %S+ %S+ (%S+)')
      elseif kind == 'v' then
        local why, at
        why, at, retain = string.match(value, '^1 v (%S+) (%S+) (%S+)')
        if retain and field ~= 'v' then entry = {reason = why, at = at, isRevocation = true} end
      elseif kind == 'r' then
        applications[string.sub(field, 3, -2 - #session)] = true
        local started, lastSeen, reason, at, code, life, shown
        started, lastSeen, retain = string.match(value, '^1 l %S+ (%S+) (%S+) %S+ %S+ %S+ %S+ %S+ (%S+)')
        if started then
          entry = {list = 'live', started = tonumber(started), seen = tonumber(lastSeen), value = value}
        end
        reason, at, life, shown = string.match(value, '^1 e (%S+) (%S+) %S+ (%S+) %S+ ?(%S*)')
        if not reason then
          reason, at, life, shown = string.match(value, '^2 e (%S%S+) (%d+) %S+ (%d+) %S+ ?(%S*)$')
          reason = codes[reason] and reason
        end
        if reason then
          retain, entry = life, {list = 'ends', reason = reason, at = at, shown = shown ~= '' and shown or nil}
        end
        code, at, life = string.match(value, '^2 e (%a) (%x+) (%x+) ?%S*$')
        if code then
          retain, entry = string.format('%.0f', tonumber(life, 16) * 1000), {at = tonumber(at, 16) * 1000}
        end
      end
      if retain and tonumber(retain) <= forgotten then redis.call('HDEL', key, field)
      else
        if field ~= 'v' and (kind == 'r' or kind == 'v') then needed[session] = true end
        if entry then
          entry.field, entry.session, entry.retain = field, session, retain
          local isOurs = string.sub(field, 1, #prefix) == prefix
          if not entry.list then view.marks[#view.marks + 1] = entry
          elseif isOurs and field ~= own then table.insert(view[entry.list], entry) end
        end
      end
    end
  end
  local isRoundOver = scanned[1] == '0'
  local isWhole = cursor == '0' and isRoundOver
  dropNames(aliases, needed, applications, isWhole, isRoundOver)
  if isWhole then return view end
  if isRoundOver then redis.call('HDEL', key, 'b')
  else redis.call('HSET', key, 'b', '0 b ' .. scanned[1]) end
  return view
end
`

/**
 * Makes room for one more record of the application: its ends shrink to marks, then live sessions end, those first that
 * were seen the longest ago; marks beyond their bound give way to one time that refuses all older tokens of the person.
 * Where such a mark was a revocation, sessions of other stores that began before it are over with it (word 6).
 * Returns application, session and record of each session that ended.
 */
export const makeRoom = `
local function makeRoom(view, application, limit, marks, now, isStart)
  local displaced = {}
  local function shrink(entry, reason, at, shown)
    redis.call('HSET', key, entry.field, markOf(reason, at, entry.retain, shown))
    view.marks[#view.marks + 1] = {field = entry.field, at = at, retain = entry.retain}
  end
  if #view.live + #view.ends + 1 > limit then
    for _, entry in ipairs(view.ends) do shrink(entry, entry.reason, entry.at, entry.shown) end
  end
  local excess = isStart and math.min(#view.live + 1 - limit, ${mostDisplaced}) or 0
  if excess > 0 then
    table.sort(view.live, function(one, other)
      if one.seen == other.seen then return one.started < other.started end
      return one.seen < other.seen
    end)
    for index = 1, excess do
      local entry = view.live[index]
      shrink(entry, 'too-many-sessions', now, shownOf(words(entry.value)))
      redis.call('HDEL', key, 'k' .. string.sub(entry.field, 2))
      for _, word in ipairs({application, entry.session, entry.value}) do displaced[#displaced + 1] = word end
    end
  end
  if #view.marks > marks then
    local known = redis.call('HGET', key, 'v')
    local was = known and words(known) or {'1', 'v', 'revoked', '0', '0', '0'}
    local at, retain = larger(was[REVOCATION.at], now), was[REVOCATION.retain]
    local before, reason = was[REVOCATION.before] or was[REVOCATION.at], was[REVOCATION.reason]
    for _, entry in ipairs(view.marks) do
      retain = larger(retain, entry.retain)
      if entry.isRevocation then
        before = larger(before, entry.at)
        if entry.reason == 'revoked' then reason = 'revoked' end
      end
      redis.call('HDEL', key, entry.field)
    end
    redis.call('HSET', key, 'v', table.concat({'1 v', reason, at, retain, before}, ' '))
    keepFor(tonumber(retain) - tonumber(now))
  end
  return displaced
end
`

/**
 * Brings a large hash down by a step: of revocations that no start follows (a store that is only asked for those), and of
 * what an older release has left. `size`: how many fields it has had. What is in `fresh`, by session value, was written by
 * this call: that stays as it is.
 */
export const tidy = `
local function tidy(size, forgotten, now, marks, fresh)
  if size < marks + ${mostTogether} then return end
  local view = survey('r:', '', tonumber(forgotten), 2 * (marks + ${mostTogether}))
  for _, list in ipairs({'ends', 'marks'}) do
    local others = {}
    for _, entry in ipairs(view[list]) do
      if not fresh[entry.session] then others[#others + 1] = entry end
    end
    view[list] = others
  end
  makeRoom(view, '', ${mostTogether}, marks, now, false)
end
`
