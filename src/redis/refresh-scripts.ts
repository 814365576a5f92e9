import { defineScript, type RunScript } from './client.js'

// Instants are whole microseconds of the server's clock.
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]`

// A token is still known a minute after it expired: the longest time for which an issuer answers one
// that was rotated at the last moment.
const minute = 60_000_000

const addToken = `
local function addToken(session, token, hash, idleLifetime, expiresAt)
  local idleExpiresAt = math.min(now + idleLifetime, expiresAt)
  redis.call('HSET', token, 'idleExpiresAt', idleExpiresAt)
  redis.call('PEXPIREAT', token, math.ceil((idleExpiresAt + ${minute}) / 1000))
  redis.call('HSET', session, 'current', hash, 'idleExpiresAt', idleExpiresAt)
end`

/** keys: the subject's sessions · id, lifetime → nothing */
export const addToSubject: RunScript = defineScript(`${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], math.ceil(last[2] / 1000))`)

/** keys: the subject's sessions → their ids */
export const readSubject: RunScript = defineScript(`${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')`)

/** keys: session, token · lifetime, hash, idle lifetime, then names and values to keep → nothing */
export const create: RunScript = defineScript(`${now}${addToken}
local expiresAt = now + ARGV[1]
redis.call('HSET', KEYS[1], 'createdAt', now, 'lastUsedAt', now, 'expiresAt', expiresAt, unpack(ARGV, 4))
redis.call('PEXPIREAT', KEYS[1], math.ceil(expiresAt / 1000))
addToken(KEYS[1], KEYS[2], ARGV[2], ARGV[3], expiresAt)`)

/** keys: session, token, sealed successor · names to read of the session → their values, the rest */
export const find: RunScript = defineScript(`${now}
return {
  redis.call('HMGET', KEYS[1], unpack(ARGV)),
  redis.call('HGET', KEYS[1], 'current'),
  redis.call('HMGET', KEYS[2], 'idleExpiresAt', 'rotatedAt', 'successor'),
  redis.call('GET', KEYS[3]),
  now
}`)

/**
 * keys: session, presented token, sealed successor, successor · hash of the successor, its idle
 * lifetime, the successor sealed, how many milliseconds it stays so → 1 or 0
 */
export const rotate: RunScript = defineScript(`${now}${addToken}
local session = redis.call('HMGET', KEYS[1], 'expiresAt', 'revokedAt')
local token = redis.call('HMGET', KEYS[2], 'idleExpiresAt', 'rotatedAt')
if not session[1] or session[2] or tonumber(session[1]) <= now then return 0 end
if not token[1] or token[2] or tonumber(token[1]) <= now then return 0 end
redis.call('HSET', KEYS[2], 'rotatedAt', now, 'successor', ARGV[1])
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
redis.call('HSET', KEYS[1], 'lastUsedAt', now)
addToken(KEYS[1], KEYS[4], ARGV[1], ARGV[2], tonumber(session[1]))
return 1`)

/** keys: the subject's sessions · ids → nothing */
export const removeFromSubject: RunScript = defineScript(`
for _, id in ipairs(ARGV) do redis.call('ZREM', KEYS[1], id) end`)

/** keys: session → its subject, when it was not revoked before */
export const revoke: RunScript = defineScript(`${now}
local subject = redis.call('HGET', KEYS[1], 'subject')
if not subject or redis.call('HSETNX', KEYS[1], 'revokedAt', now) == 0 then return false end
return subject`)

/** keys: session · names to read → their values when the session is live, 0 when it has ended */
export const readLive: RunScript = defineScript(`${now}
local session = redis.call('HMGET', KEYS[1], 'idleExpiresAt', 'revokedAt')
if not session[1] then return false end
if session[2] or tonumber(session[1]) <= now then return 0 end
return redis.call('HMGET', KEYS[1], unpack(ARGV))`)
