import type { RefreshFamily, RefreshStore } from '../issuer/refresh-store.js'
import { checkClient, type RedisClient } from './client.js'
import { readSeconds } from '../core/option-checks.js'
import { readPrefix, type RedisStoreOptions } from './options.js'
import * as scripts from './refresh-scripts.js'

/** What {@link createRedisRefreshStore} accepts. */
export interface RedisRefreshStoreOptions extends RedisStoreOptions {
  /**
   * For how many seconds a repeated request can be answered with the sealed successor: no less than
   * the `reuseInterval` of the issuer.
   *
   * @defaultValue `60`, the longest an issuer has
   */
  reuseInterval?: number | undefined
}

type Text = string | null
type Token = readonly [idleExpiresAt: Text, rotatedAt: Text, successor: Text]
type Found = readonly [family: Text[], current: Text, Token, sealed: Text, now: number]

const familyFields = [
  ...['id', 'subject', 'clientId', 'claims', 'meta'],
  ...['createdAt', 'lastUsedAt', 'expiresAt', 'revokedAt'],
]

/**
 * Keeps sessions and the hashes of their refresh tokens in Redis, for any number of processes.
 *
 * Each operation is one script and time is the server's. All keys of a session lie in one slot of a
 * cluster; what concerns all sessions of a subject takes one step per session. Entries expire by
 * themselves, so `prune` has nothing to do.
 *
 * @remarks
 * A Redis server that crashes may forget what it has answered, unless it runs with `appendonly yes`
 * and `appendfsync always`. A forgotten rotation makes the old token good again and the new one
 * unknown; a forgotten revocation brings the session back. With `maxmemory`, the policy must be
 * `noeviction`. Where that cannot be had, keep sessions in PostgreSQL.
 *
 * @param client - A connected client of `redis` or `ioredis`, also one of a cluster. Make it with
 * `disableOfflineQueue: true`, that of `ioredis` with `enableOfflineQueue: false`: while the server is
 * away, a question then fails at once instead of waiting for it.
 * @throws {@link ConfigurationError} when the client is another one or an option is wrong, at once.
 *
 * @example Refresh tokens that every process knows
 * ```ts
 * const client = await createClient({ url, disableOfflineQueue: true }).connect()
 * const store = createRedisRefreshStore(client)
 * ```
 */
export function createRedisRefreshStore(
  client: RedisClient,
  options: RedisRefreshStoreOptions = {},
): RefreshStore {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisRefreshStore', ['reuseInterval'])
  const reuseInterval = readSeconds(options.reuseInterval, 'reuseInterval', 60, 60)
  const sealedLifetime = Math.max(1, Math.ceil(reuseInterval * 1000))
  // The braces make a cluster keep together what belongs together.
  const sessionKey = (id: string) => `${prefix}session:{${id}}`
  const tokenKey = (id: string, hash: string) => `${sessionKey(id)}:${hash}`
  const sealedKey = (id: string, hash: string) => `${tokenKey(id, hash)}:sealed`
  const subjectKey = (subject: string) => `${prefix}subject:${subject}`

  const idsOf = async (subject: string) =>
    (await scripts.readSubject(client, [subjectKey(subject)])) as string[]

  const revoke = async (id: string) =>
    (await scripts.revoke(client, [sessionKey(id)])) as string | null

  // Tidiness and no more: whoever meets the name of an ended session looks at the session itself.
  async function removeNames(subject: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await scripts.removeFromSubject(client, [subjectKey(subject)], ...ids).catch(() => undefined)
  }

  return {
    // The subject's list comes first: a session that misses there could not be signed out with the
    // others, while a name without a session does no harm.
    async create({ id, subject, clientId, claims, meta, lifetime }, { hash, idleLifetime }) {
      const texts = { claims: JSON.stringify(claims), meta: JSON.stringify(meta) }
      await scripts.addToSubject(client, [subjectKey(subject)], id, microseconds(lifetime))
      await scripts.create(
        client,
        [sessionKey(id), tokenKey(id, hash)],
        ...[microseconds(lifetime), hash, microseconds(idleLifetime)],
        ...Object.entries({ id, subject, clientId, ...texts }).flat(),
      )
    },

    async find({ familyId: id, hash }) {
      const keys = [sessionKey(id), tokenKey(id, hash), sealedKey(id, hash)]
      const found = (await scripts.find(client, keys, ...familyFields)) as Found
      const [fields, current, [idleExpiresAt, rotatedAt, successor], sealed, now] = found
      if (fields[0] === null || idleExpiresAt === null) return undefined
      return {
        family: toFamily(fields),
        idleExpiresAt: toInstant(idleExpiresAt),
        rotatedAt: toInstant(rotatedAt),
        sealedSuccessor: sealed ?? undefined,
        // The newest token of a session is the only one that was not rotated.
        successorUsed: successor !== null && successor !== current,
        now: toInstant(now),
      }
    },

    async rotate({ familyId: id, hash }, successor) {
      const presented = [sessionKey(id), tokenKey(id, hash), sealedKey(id, hash)]
      const idleLifetime = microseconds(successor.idleLifetime)
      const parameters = [successor.hash, idleLifetime, successor.sealed, sealedLifetime]
      const keys = [...presented, tokenKey(id, successor.hash)]
      return (await scripts.rotate(client, keys, ...parameters)) === 1
    },

    async revokeFamily(id) {
      const subject = await revoke(id)
      if (subject !== null) await removeNames(subject, [id])
      return subject !== null
    },

    async revokeSubject(subject, except) {
      const ids = (await idsOf(subject)).filter((id) => id !== except)
      const revoked = await Promise.all(ids.map(revoke))
      const ended = ids.filter((_, index) => revoked[index] !== null)
      await removeNames(subject, ended)
      return ended
    },

    // What has ended is looked at once. A name without a session may be one that is just beginning.
    async list(subject) {
      const ids = await idsOf(subject)
      const read = (id: string) => scripts.readLive(client, [sessionKey(id)], ...familyFields)
      const found = (await Promise.all(ids.map(read))) as (Text[] | 0 | null)[]
      await removeNames(
        subject,
        ids.filter((_, index) => found[index] === 0),
      )
      return found
        .filter((fields): fields is string[] => Array.isArray(fields))
        .sort((a, b) => Number(a[5]) - Number(b[5]))
        .map(toFamily)
    },

    prune: () => Promise.resolve(0),
  }
}

function microseconds(seconds: number): number {
  return Math.ceil(seconds * 1_000_000)
}

function toInstant(microseconds: string | number): Date
function toInstant(microseconds: string | number | null): Date | undefined
function toInstant(microseconds: string | number | null): Date | undefined {
  return microseconds === null ? undefined : new Date(Math.floor(Number(microseconds) / 1000))
}

function toFamily(fields: Text[]): RefreshFamily {
  const [id, subject, clientId, claims, meta] = fields as [string, string, string, string, string]
  const [createdAt, lastUsedAt, expiresAt, revokedAt = null] = fields.slice(5)
  return {
    ...{ id, subject, clientId },
    claims: JSON.parse(claims) as RefreshFamily['claims'],
    meta: JSON.parse(meta) as RefreshFamily['meta'],
    createdAt: toInstant(createdAt as string),
    lastUsedAt: toInstant(lastUsedAt as string),
    expiresAt: toInstant(expiresAt as string),
    revokedAt: toInstant(revokedAt),
  }
}
