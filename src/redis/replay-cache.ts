import type { TokenReplayCache } from '../core/validation/parameters.js'
import { checkClient, defineScript, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'

/** keys: the key to add · its end in milliseconds since the epoch → OK when it is new */
const add = defineScript(`return redis.call('SET', KEYS[1], '', 'NX', 'PXAT', ARGV[1])`)

/**
 * Remembers used tokens in Redis, so that a token works once in all processes together. Keys leave by
 * themselves when their token has expired.
 *
 * @remarks
 * A key the server forgets lets its token work a second time: with `maxmemory`, the policy must be
 * `noeviction`. A request that a client sends again after a broken connection finds its own key and is
 * refused.
 *
 * @param client - A connected client of `redis` or `ioredis`, also one of a cluster. Make it with
 * `disableOfflineQueue: true`, that of `ioredis` with `enableOfflineQueue: false`: while the server is
 * away, a question then fails at once instead of waiting for it.
 * @throws {@link ConfigurationError} when the client is another one or an option is wrong, at once.
 *
 * @example Every token once
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * app.use(jwtBearer({ authority, audience, tokenReplayCache: createRedisReplayCache(client) }))
 * ```
 */
export function createRedisReplayCache(
  client: RedisClient,
  options: RedisStoreOptions = {},
): TokenReplayCache {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisReplayCache')

  return {
    async addIfAbsent(key, expiresAt) {
      return (await add(client, [`${prefix}used:${key}`], expiresAt.getTime())) !== null
    },
  }
}
