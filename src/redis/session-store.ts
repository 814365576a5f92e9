import type { SessionStore } from '../session/session-store.js'
import { checkClient, defineScript, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'

/** keys: record · data, version, end in milliseconds → nothing */
const write = defineScript(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'version', ARGV[2], 'end', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])`)

/** keys: record · data, version, end in milliseconds, expected version → 1 or 0 */
const replace = defineScript(`
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'version', ARGV[2], 'end', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return 1`)

/** keys: record → data, version and end in milliseconds, when there are any */
const read = defineScript(`return redis.call('HMGET', KEYS[1], 'data', 'version', 'end')`)

/** keys: record · expected version if any → nothing */
const forget = defineScript(`
if ARGV[1] and redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return end
redis.call('DEL', KEYS[1])`)

/**
 * Keeps the sessions of `createSession()` in Redis. Every process that shares them knows who is signed
 * in, and one of them at a time refreshes a session.
 *
 * @remarks
 * The tokens lie there readable: whoever reads the server acts as its users. A crash may bring back a
 * refresh token that is already spent, which signs that user out, unless the server runs with
 * `appendonly yes` and `appendfsync always`.
 *
 * @param client - A connected client of `redis` or `ioredis`, also one of a cluster. Make it with
 * `disableOfflineQueue: true`, that of `ioredis` with `enableOfflineQueue: false`: while the server is
 * away, a question then fails at once instead of waiting for it.
 * @throws {@link ConfigurationError} when the client is another one or an option is wrong, at once.
 *
 * @example Sessions that every process knows
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * const session = createSession({ login, store: createRedisSessionStore(client) })
 * ```
 */
export function createRedisSessionStore(
  client: RedisClient,
  options: RedisStoreOptions = {},
): SessionStore {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisSessionStore')
  const keyOf = (key: string) => `${prefix}sign-in:${key}`

  return {
    async get(key) {
      const found = await read(client, [keyOf(key)])
      const [data, version, end] = found as [string, string, string] | [null, null, null]
      return data === null ? undefined : { version, expiresAt: new Date(Number(end)), data }
    },

    async set(key, { data, version, expiresAt }) {
      await write(client, [keyOf(key)], data, version, expiresAt.getTime())
    },

    async replace(key, expected, { data, version, expiresAt }) {
      const parameters = [data, version, expiresAt.getTime(), expected]
      return (await replace(client, [keyOf(key)], ...parameters)) === 1
    },

    async delete(key, version) {
      await forget(client, [keyOf(key)], ...(version === undefined ? [] : [version]))
    },
  }
}
