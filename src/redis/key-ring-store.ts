import type { KeyRingState, KeyRingStore } from '../issuer/key-ring-store.js'
import { readText } from '../core/option-checks.js'
import { checkClient, defineScript, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'

/** What {@link createRedisKeyRingStore} accepts. */
export interface RedisKeyRingStoreOptions extends RedisStoreOptions {
  /**
   * Tells rings under one prefix apart, such as those of two issuers.
   *
   * @defaultValue `'default'`
   */
  name?: string | undefined
}

/** keys: ring → its JSON, when there is one */
const load = defineScript(`return redis.call('HGET', KEYS[1], 'state')`)

/** keys: ring · version, its JSON → 1 or 0 */
const save = defineScript(`
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
if tonumber(ARGV[1]) ~= version + 1 then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'state', ARGV[2])
return 1`)

/**
 * Keeps a key ring in Redis, so that all processes of an issuer sign with and publish the same keys.
 *
 * @remarks
 * The private keys lie there readable, in its files and backups too: whoever reads the server can mint
 * tokens for anybody. A ring the server forgets is made anew, and every access token signed before is
 * refused: `maxmemory` needs the policy `noeviction`, and a crash is survived only with
 * `appendonly yes` and `appendfsync always`. PostgreSQL is the safer place.
 *
 * @param client - A connected client of `redis` or `ioredis`, also one of a cluster. Make it with
 * `disableOfflineQueue: true`, that of `ioredis` with `enableOfflineQueue: false`: while the server is
 * away, a question then fails at once instead of waiting for it.
 * @throws {@link ConfigurationError} when the client is another one or an option is wrong, at once.
 *
 * @example Keys that every process knows
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * const keys = createKeyRing({ store: createRedisKeyRingStore(client) })
 * ```
 */
export function createRedisKeyRingStore(
  client: RedisClient,
  options: RedisKeyRingStoreOptions = {},
): KeyRingStore {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisKeyRingStore', ['name'])
  const key = `${prefix}key-ring:${readText(options.name, 'name') ?? 'default'}`

  return {
    async load() {
      const state = (await load(client, [key])) as string | null
      return state === null ? undefined : (JSON.parse(state) as KeyRingState)
    },

    async save(state) {
      return (await save(client, [key], state.version, JSON.stringify(state))) === 1
    },
  }
}
