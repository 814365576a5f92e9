import type { TokenReplayCache } from '../core/validation/parameters.js'
import type { PostgresClient } from './client.js'
import { prepareClient } from './run.js'

/** A replay cache in PostgreSQL. */
export interface PostgresReplayCache extends TokenReplayCache {
  /**
   * Forgets the keys whose proof or token has expired. Call it from time to time.
   *
   * @returns How many were forgotten.
   */
  prune(): Promise<number>
}

// A key that has expired is as good as gone: whoever overwrites it is the first one again.
const add = `
INSERT INTO bearer_used AS u (key, expires_at)
VALUES ($1, to_timestamp($2::float8 / 1000))
ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at
WHERE u.expires_at <= clock_timestamp()
RETURNING key`

const prune = `
WITH ended AS (
  DELETE FROM bearer_used WHERE key IN (
    SELECT key FROM bearer_used WHERE expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
  )
  RETURNING key
)
SELECT count(*)::int AS forgotten FROM ended`

/**
 * Remembers used proofs and tokens in PostgreSQL, so that each works once in all processes together. Each
 * use is one statement that writes a row; where that is too much, Redis is the lighter place.
 *
 * @remarks
 * A database that loses what it has confirmed, such as one with `synchronous_commit = off` after a crash,
 * lets a proof work a second time.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements, at once.
 *
 * @example Every proof once
 * ```ts
 * const replayCache = createPostgresReplayCache(pool)
 * app.use(jwtBearer({ authority, audience, proofOfPossession: dpop({ publicUrl, replayCache }) }))
 * ```
 */
export function createPostgresReplayCache(client: PostgresClient): PostgresReplayCache {
  const run = prepareClient(client)

  return {
    async addIfAbsent(key, expiresAt) {
      return (await run(add, [key, expiresAt.getTime()])).length > 0
    },

    async prune() {
      const [row] = (await run(prune)) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}
