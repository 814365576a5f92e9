import type { EndableSessionStore, SessionRecord } from '../session/session-store.js'
import { checkClient, type RedisClient } from './client.js'
import { readPrefix, type RedisStoreOptions } from './options.js'
import * as scripts from './session-scripts.js'

type Text = string | null
type Found = [data: Text, version: string, end: string, opened: string, sid: string, sub: string]

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
): EndableSessionStore {
  checkClient(client)
  const prefix = readPrefix(options, 'createRedisSessionStore')
  // The braces make a cluster keep together what one script must reach.
  const base = `${prefix}{sign-in}:`
  const records = `${base}key:`
  const beginnings = [records, `${base}sid:`, `${base}sub:`]
  const [, bySid, bySub] = beginnings as [string, string, string]

  const end = async (index: string, openedBefore: Date) =>
    (await scripts.end(client, [index], ...beginnings, openedBefore.getTime())) as number

  return {
    async get(key) {
      const found = (await scripts.read(client, [`${records}${key}`])) as Found
      return found[0] === null ? undefined : recordOf(found[0], found)
    },

    async set(key, record) {
      await scripts.write(client, [`${records}${key}`], ...beginnings, key, ...membersOf(record))
    },

    async replace(key, expected, record) {
      const parameters = [...beginnings, key, ...membersOf(record), expected]
      return (await scripts.replace(client, [`${records}${key}`], ...parameters)) === 1
    },

    async delete(key, version) {
      const expected = version === undefined ? [] : [version]
      await scripts.forget(client, [`${records}${key}`], ...beginnings, key, ...expected)
    },

    endBySid: (sid, openedBefore) => end(`${bySid}${sid}`, openedBefore),
    endBySub: (sub, openedBefore) => end(`${bySub}${sub}`, openedBefore),
  }
}

// What is absent goes over the wire as an empty text.
function membersOf(record: SessionRecord): (string | number)[] {
  const { data, version, expiresAt, openedAt, sid = '', sub = '' } = record
  return [data, version, expiresAt.getTime(), openedAtOf(openedAt), sid, sub]
}

// Whoever wrote the record may know nothing of the instant: such a session counts as opened long ago.
function openedAtOf(openedAt: Date | undefined): string | number {
  return openedAt === undefined ? '' : openedAt.getTime()
}

function recordOf(data: string, [, version, end, opened, sid, sub]: Found): SessionRecord {
  const record = { version, expiresAt: new Date(Number(end)), data }
  return {
    ...record,
    ...(opened !== '' && { openedAt: new Date(Number(opened)) }),
    ...(sid !== '' && { sid }),
    ...(sub !== '' && { sub }),
  } as SessionRecord
}
