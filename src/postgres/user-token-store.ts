import { randomUUID } from 'node:crypto'
import { checkNames, readSeconds } from '../core/option-checks.js'
import {
  checkUserKey,
  formatUserToken,
  parseUserToken,
  type UserKey,
} from '../tokens/user-token.js'
import type { UserTokenStore } from '../tokens/user-token-store.js'
import type { PostgresClient } from './client.js'
import { isText, prepareClient } from './run.js'

/** What {@link createPostgresUserTokenStore} accepts. */
export interface PostgresUserTokenStoreOptions {
  /**
   * For how many seconds after they were last stored a session's tokens are kept: no less than a
   * refresh token of the issuer may stay unused.
   *
   * @defaultValue `2592000` (30 days)
   */
  idleLifetime?: number | undefined
}

/** A store for users' tokens in PostgreSQL. */
export interface PostgresUserTokenStore extends UserTokenStore {
  /**
   * Forgets the tokens of sessions that were idle for too long. Call it from time to time.
   *
   * @returns How many sessions were forgotten.
   */
  prune(): Promise<number>
}

const day = 86_400

const store = `
INSERT INTO bearer_user_tokens (subject, session_id, token, version, expires_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 second')
ON CONFLICT (subject, session_id) DO UPDATE SET
  token = excluded.token, version = excluded.version, expires_at = excluded.expires_at
RETURNING version`

const replace = `
UPDATE bearer_user_tokens
SET token = $3, version = $4, expires_at = clock_timestamp() + $5::float8 * interval '1 second'
WHERE subject = $1 AND session_id = $2 AND version = $6 AND expires_at > clock_timestamp()
RETURNING version`

const read = `
SELECT token, version FROM bearer_user_tokens
WHERE subject = $1 AND session_id = $2 AND expires_at > clock_timestamp()`

const clear = `
WITH cleared AS (
  DELETE FROM bearer_user_tokens
  WHERE subject = $1 AND session_id = $2
    AND ($3::text IS NULL OR version = $3 OR expires_at <= clock_timestamp())
  RETURNING version
)
SELECT EXISTS (SELECT FROM cleared) AS cleared, (
  SELECT version FROM bearer_user_tokens WHERE subject = $1 AND session_id = $2
) AS seen`

const lock = `
INSERT INTO bearer_user_token_locks AS l (subject, session_id, owner, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 second')
ON CONFLICT (subject, session_id) DO UPDATE SET
  owner = excluded.owner, expires_at = excluded.expires_at
WHERE l.expires_at <= clock_timestamp()
RETURNING owner`

const unlock = `
DELETE FROM bearer_user_token_locks WHERE subject = $1 AND session_id = $2 AND owner = $3`

const prune = `
WITH locks AS (
  DELETE FROM bearer_user_token_locks WHERE (subject, session_id) IN (
    SELECT subject, session_id FROM bearer_user_token_locks
    WHERE expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
  )
), ended AS (
  DELETE FROM bearer_user_tokens WHERE (subject, session_id) IN (
    SELECT subject, session_id FROM bearer_user_tokens
    WHERE expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
  )
  RETURNING version
)
SELECT count(*)::int AS forgotten FROM ended`

/**
 * Keeps users' tokens in PostgreSQL, with a lock, so that one process at a time refreshes a session.
 * Each operation is one statement, and time is the server's.
 *
 * @remarks
 * The tokens lie there readable: whoever reads the table `bearer_user_tokens` acts as its users. Let
 * nobody but the app's account read it, and keep it out of dumps that others may see.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements or an option is wrong, at once.
 */
export function createPostgresUserTokenStore(
  client: PostgresClient,
  options: PostgresUserTokenStoreOptions = {},
): PostgresUserTokenStore {
  const run = prepareClient(client)
  checkNames(options, ['idleLifetime'], 'the options of createPostgresUserTokenStore()')
  const idleLifetime = readSeconds(options.idleLifetime, 'idleLifetime', 30 * day, 400 * day)

  return {
    async storeToken(user, token, { ifVersion } = {}) {
      const version = randomUUID()
      const values = [...keyOf(user), formatUserToken(token), version, idleLifetime]
      const rows =
        ifVersion === undefined
          ? await run(store, values)
          : await run(replace, [...values, ifVersion])
      return rows.length > 0 ? version : undefined
    },

    async getToken(user) {
      const [row] = (await run(read, keyOf(user))) as { token: string; version: string }[]
      return row && { token: parseUserToken(row.token), version: row.version }
    },

    async clearToken(user, { ifVersion } = {}) {
      for (;;) {
        const rows = await run(clear, [...keyOf(user), ifVersion ?? null])
        const [{ cleared, seen }] = rows as [{ cleared: boolean; seen: string | null }]
        if (cleared || seen === null || ifVersion === undefined) return true
        if (seen !== ifVersion) return false
        // It was there when the statement began, and somebody was faster: they cleared or replaced it.
      }
    },

    async lock(user, ttl) {
      const owner = randomUUID()
      const key = keyOf(user)
      const rows = await run(lock, [...key, owner, ttl])
      if (rows.length === 0) return undefined
      return {
        async release() {
          await run(unlock, [...key, owner])
        },
      }
    },

    async prune() {
      const [row] = (await run(prune)) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}

function keyOf(user: UserKey): string[] {
  checkUserKey(user)
  const key = [user.subject, user.sessionId]
  if (key.every(isText)) return key
  throw new TypeError('PostgreSQL can hold no NUL and no half of a surrogate pair in a user key')
}
