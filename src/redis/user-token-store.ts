import { createHash, randomUUID } from 'node:crypto'
import { readSeconds } from '../core/option-checks.js'
import {
  checkUserKey,
  formatUserToken,
  parseUserToken,
  type UserKey,
} from '../tokens/user-token.js'
import type { UserTokenStore } from '../tokens/user-token-store.js'
import { checkClient, defineScript, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'

/** What {@link createRedisUserTokenStore} accepts. */
export interface RedisUserTokenStoreOptions extends RedisStoreOptions {
  /**
   * For how many seconds after they were last stored a session's tokens are kept: no less than a
   * refresh token of the issuer may stay unused.
   *
   * @defaultValue `2592000` (30 days)
   */
  idleLifetime?: number | undefined
}

const day = 86_400

/** keys: record · token, new version, lifetime in milliseconds, expected version if any → 1 or 0 */
const store = defineScript(`
if ARGV[4] and redis.call('HGET', KEYS[1], 'version') ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'version', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`)

/** keys: record → token and version, when there are any */
const read = defineScript(`return redis.call('HMGET', KEYS[1], 'token', 'version')`)

/** keys: record · expected version if any → 1 or 0 */
const clear = defineScript(`
local version = redis.call('HGET', KEYS[1], 'version')
if ARGV[1] and version and version ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1`)

/** keys: lock · owner, lifetime in milliseconds → OK when it was free */
const lock = defineScript(`return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])`)

/** keys: lock · owner → nothing */
const unlock = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`)

/**
 * Keeps users' tokens in Redis, with a lock, so that one process at a time refreshes a session.
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
 * @example Tokens that every process knows
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * const store = createRedisUserTokenStore(client)
 * ```
 */
export function createRedisUserTokenStore(
  client: RedisClient,
  options: RedisUserTokenStoreOptions = {},
): UserTokenStore {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisUserTokenStore', ['idleLifetime'])
  const idleLifetime = readSeconds(options.idleLifetime, 'idleLifetime', 30 * day, 400 * day)
  const milliseconds = Math.max(1, Math.ceil(idleLifetime * 1000))
  const recordKey = (user: UserKey) => `${prefix}user-token:${nameOf(user)}`
  const lockKey = (user: UserKey) => `${prefix}user-token-lock:${nameOf(user)}`

  return {
    async storeToken(user, token, { ifVersion } = {}) {
      const version = randomUUID()
      const parameters = [formatUserToken(token), version, milliseconds, ...given(ifVersion)]
      const stored = await store(client, [recordKey(user)], ...parameters)
      return stored === 1 ? version : undefined
    },

    async getToken(user) {
      const found = await read(client, [recordKey(user)])
      const [text, version] = found as [string, string] | [null, null]
      return text === null ? undefined : { token: parseUserToken(text), version }
    },

    async clearToken(user, { ifVersion } = {}) {
      return (await clear(client, [recordKey(user)], ...given(ifVersion))) === 1
    },

    async lock(user, ttl) {
      const owner = randomUUID()
      const taken = await lock(client, [lockKey(user)], owner, Math.max(1, Math.ceil(ttl * 1000)))
      if (taken === null) return undefined
      return {
        async release() {
          await unlock(client, [lockKey(user)], owner)
        },
      }
    },
  }
}

function given(version: string | undefined): string[] {
  return version === undefined ? [] : [version]
}

// A hash, so that a list of keys does not tell who is signed in.
function nameOf(user: UserKey): string {
  checkUserKey(user)
  return createHash('sha256')
    .update(JSON.stringify([user.subject, user.sessionId]))
    .digest('base64url')
}
