import type { DenyKind, DenyList } from '../core/deny-list.js'
import { checkClient, defineScript, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'

/** keys: entry · lifetime in milliseconds, not-before → nothing */
const deny = defineScript(`
local lifetime = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[1]))
local notBefore = math.max(redis.call('GET', KEYS[1]) or ARGV[2], ARGV[2])
if lifetime > 0 then redis.call('SET', KEYS[1], notBefore, 'PX', lifetime) end`)

/** keys: entry → not-before, when there is such an entry */
const read = defineScript(`return redis.call('GET', KEYS[1])`)

/**
 * Keeps a deny list in Redis, for any number of processes. Entries leave by themselves when their
 * lifetime ends. A check is up to three reads at once.
 *
 * @remarks
 * What the server forgets is accepted again until it expires: with `maxmemory`, the policy must be
 * `noeviction`, and only `appendonly yes` with `appendfsync always` remembers every entry over a crash.
 *
 * @param client - A connected client of `redis` or `ioredis`, also one of a cluster. Make it with
 * `disableOfflineQueue: true`, that of `ioredis` with `enableOfflineQueue: false`: while the server is
 * away, a question then fails at once instead of waiting for it.
 * @throws {@link ConfigurationError} when the client is another one or an option is wrong, at once.
 *
 * @example A sign-out that every process knows
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * const denyList = createRedisDenyList(client)
 * ```
 */
export function createRedisDenyList(
  client: RedisClient,
  options: RedisStoreOptions = {},
): DenyList {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisDenyList')
  const keyOf = (kind: DenyKind, id: string) => `${prefix}denied:${kind}:${id}`

  async function notBefore(kind: DenyKind, id: string | undefined): Promise<number | undefined> {
    const found = id === undefined ? null : await read(client, [keyOf(kind, id)])
    return found === null ? undefined : Number(found)
  }

  return {
    async deny(entry) {
      const lifetime = Math.ceil(entry.lifetime * 1000)
      const notBefore = entry.kind === 'sub' ? entry.notBefore : 0
      await deny(client, [keyOf(entry.kind, entry.id)], lifetime, notBefore)
    },

    async isDenied({ jti, sid, sub, iat }) {
      const [byId, bySession, bySubject = -Infinity] = await Promise.all([
        notBefore('jti', jti),
        notBefore('sid', sid),
        notBefore('sub', sub),
      ])
      // What is no number is no proof that a token is young enough.
      const issuedAt = Number.isFinite(iat) ? (iat as number) : -Infinity
      return byId !== undefined || bySession !== undefined || issuedAt < bySubject
    },
  }
}
