import { defineScript, type RunScript } from './client.js'

// The arguments that every script begins with: the key of the record without its end, and those of the two
// indexes without the names. All keys lie in one slot of a cluster, so that a script may follow the indexes.
const indexes = `
local function indexKey(kind, name)
  if not name or name == '' then return nil end
  return (kind == 'sid' and ARGV[2] or ARGV[3]) .. name
end
local function drop(key)
  local names = redis.call('HMGET', ARGV[1] .. key, 'sid', 'sub')
  redis.call('DEL', ARGV[1] .. key)
  for index, kind in ipairs({'sid', 'sub'}) do
    local set = indexKey(kind, names[index])
    if set then redis.call('ZREM', set, key) end
  end
end`

// An index lists keys by the ends of their sessions, and is over with the last of them.
const put = `${indexes}
local function put(key, data, version, ends, opened, sid, sub)
  drop(key)
  redis.call('HSET', ARGV[1] .. key, 'data', data, 'version', version, 'end', ends, 'opened', opened, 'sid', sid, 'sub', sub)
  redis.call('PEXPIREAT', ARGV[1] .. key, ends)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for kind, name in pairs({sid = sid, sub = sub}) do
    local set = indexKey(kind, name)
    if set then
      redis.call('ZREMRANGEBYSCORE', set, '-inf', now)
      redis.call('ZADD', set, ends, key)
      local last = redis.call('ZRANGE', set, -1, -1, 'WITHSCORES')
      redis.call('PEXPIREAT', set, last[2])
    end
  end
end`

/** keys: record · three beginnings, key, data, version, end and opening in milliseconds, sid, sub → nothing */
export const write: RunScript = defineScript(`${put}
put(ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])`)

/** keys: record · as for a write, and the expected version → 1 or 0 */
export const replace: RunScript = defineScript(`${put}
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[11] then return 0 end
put(ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
return 1`)

/** keys: record → its members, when there is one */
export const read: RunScript = defineScript(
  `return redis.call('HMGET', KEYS[1], 'data', 'version', 'end', 'opened', 'sid', 'sub')`,
)

/** keys: record · three beginnings, key, expected version if any → nothing */
export const forget: RunScript = defineScript(`${indexes}
if ARGV[5] and redis.call('HGET', KEYS[1], 'version') ~= ARGV[5] then return end
drop(ARGV[4])`)

/** keys: index · three beginnings, instant in milliseconds → how many sessions opened before it were ended */
export const end: RunScript = defineScript(`${indexes}
local ended = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local opened = redis.call('HGET', ARGV[1] .. key, 'opened')
  if not opened then
    redis.call('ZREM', KEYS[1], key)
  elseif opened == '' or tonumber(opened) < tonumber(ARGV[4]) then
    drop(key)
    ended = ended + 1
  end
end
return ended`)
