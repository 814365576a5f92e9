import type { SessionStore } from '../session/session-store.js'
import type { PostgresClient } from './client.js'
import { prepareClient } from './run.js'

/** A store for the sessions of `createSession()` in PostgreSQL. */
export interface PostgresSessionStore extends SessionStore {
  /**
   * Forgets the sessions that are over. Call it from time to time.
   *
   * @returns How many sessions were forgotten.
   */
  prune(): Promise<number>
}

// Instants go over the wire as milliseconds: how a client reads a timestamp depends on its settings.
const write = `
INSERT INTO bearer_sign_ins (key, data, version, expires_at)
VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000))
ON CONFLICT (key) DO UPDATE SET
  data = excluded.data, version = excluded.version, expires_at = excluded.expires_at`

const replace = `
UPDATE bearer_sign_ins SET data = $2, version = $3, expires_at = to_timestamp($4::float8 / 1000)
WHERE key = $1 AND version = $5 AND expires_at > clock_timestamp()
RETURNING version`

const read = `
SELECT data, version, round(extract(epoch FROM expires_at) * 1000)::float8 AS "end"
FROM bearer_sign_ins WHERE key = $1 AND expires_at > clock_timestamp()`

const forget = `
DELETE FROM bearer_sign_ins WHERE key = $1 AND ($2::text IS NULL OR version = $2)`

const prune = `
WITH ended AS (
  DELETE FROM bearer_sign_ins WHERE key IN (
    SELECT key FROM bearer_sign_ins WHERE expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
  )
  RETURNING version
)
SELECT count(*)::int AS forgotten FROM ended`

/**
 * Keeps the sessions of `createSession()` in PostgreSQL. Every process that shares them knows who is
 * signed in, and one of them at a time refreshes a session. Each operation is one statement.
 *
 * @remarks
 * The tokens lie there readable: whoever reads the table `bearer_sign_ins` acts as its users. Let
 * nobody but the app's account read it, and keep it out of dumps that others may see.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements, at once.
 *
 * @example Sessions that every process knows
 * ```ts
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
 * await createSchema(pool)
 * const session = createSession({ login, store: createPostgresSessionStore(pool) })
 * ```
 */
export function createPostgresSessionStore(client: PostgresClient): PostgresSessionStore {
  const run = prepareClient(client)

  return {
    async get(key) {
      const [row] = (await run(read, [key])) as { data: string; version: string; end: number }[]
      return row && { version: row.version, expiresAt: new Date(row.end), data: row.data }
    },

    async set(key, { data, version, expiresAt }) {
      await run(write, [key, data, version, expiresAt.getTime()])
    },

    async replace(key, expected, { data, version, expiresAt }) {
      const values = [key, data, version, expiresAt.getTime(), expected]
      return (await run(replace, values)).length > 0
    },

    async delete(key, version) {
      await run(forget, [key, version ?? null])
    },

    async prune() {
      const [row] = (await run(prune)) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}
