import type { EndableSessionStore, SessionRecord } from '../session/session-store.js'
import type { PostgresClient } from './client.js'
import { isText, prepareClient } from './run.js'

/** A store for the sessions of `createSession()` in PostgreSQL. */
export interface PostgresSessionStore extends EndableSessionStore {
  /**
   * Forgets the sessions that are over. Call it from time to time.
   *
   * @returns How many sessions were forgotten.
   */
  prune(): Promise<number>
}

// Instants go over the wire as milliseconds: how a client reads a timestamp depends on its settings.
const write = `
INSERT INTO bearer_sign_ins (key, data, version, expires_at, opened_at, sid, sub)
VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000), $6, $7)
ON CONFLICT (key) DO UPDATE SET
  data = excluded.data, version = excluded.version, expires_at = excluded.expires_at,
  opened_at = excluded.opened_at, sid = excluded.sid, sub = excluded.sub`

const replace = `
UPDATE bearer_sign_ins SET
  data = $2, version = $3, expires_at = to_timestamp($4::float8 / 1000),
  opened_at = to_timestamp($5::float8 / 1000), sid = $6, sub = $7
WHERE key = $1 AND version = $8 AND expires_at > clock_timestamp()
RETURNING version`

const read = `
SELECT data, version, sid, sub,
  round(extract(epoch FROM expires_at) * 1000)::float8 AS "end",
  round(extract(epoch FROM opened_at) * 1000)::float8 AS "opened"
FROM bearer_sign_ins WHERE key = $1 AND expires_at > clock_timestamp()`

const forget = `
DELETE FROM bearer_sign_ins WHERE key = $1 AND ($2::text IS NULL OR version = $2)`

// A session without the instant counts as opened long ago.
const endBy = (name: 'sid' | 'sub') => `
DELETE FROM bearer_sign_ins
WHERE ${name} = $1 AND (opened_at IS NULL OR opened_at < to_timestamp($2::float8 / 1000))
RETURNING expires_at > clock_timestamp() AS live`

const endBySid = endBy('sid')
const endBySub = endBy('sub')

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

  async function end(statement: string, name: string, openedBefore: Date): Promise<number> {
    // What cannot be written has no session.
    if (!isText(name)) return 0
    const ended = (await run(statement, [name, openedBefore.getTime()])) as { live: boolean }[]
    return ended.filter(({ live }) => live).length
  }

  return {
    async get(key) {
      const [row] = (await run(read, [key])) as Row[]
      return row && recordOf(row)
    },

    async set(key, record) {
      await run(write, [key, ...valuesOf(record)])
    },

    async replace(key, expected, record) {
      return (await run(replace, [key, ...valuesOf(record), expected])).length > 0
    },

    async delete(key, version) {
      await run(forget, [key, version ?? null])
    },

    endBySid: (sid, openedBefore) => end(endBySid, sid, openedBefore),
    endBySub: (sub, openedBefore) => end(endBySub, sub, openedBefore),

    async prune() {
      const [row] = (await run(prune)) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}

interface Row {
  readonly data: string
  readonly version: string
  readonly end: number
  readonly opened: number | null
  readonly sid: string | null
  readonly sub: string | null
}

function recordOf({ data, version, end, opened, sid, sub }: Row): SessionRecord {
  return {
    version,
    expiresAt: new Date(end),
    data,
    ...(opened !== null && { openedAt: new Date(opened) }),
    ...(sid !== null && { sid }),
    ...(sub !== null && { sub }),
  } as SessionRecord
}

function valuesOf({ data, version, expiresAt, openedAt, sid, sub }: SessionRecord): unknown[] {
  const opened = (openedAt as Date | undefined)?.getTime() ?? null
  return [data, version, expiresAt.getTime(), opened, ...[sid, sub].map(nameOrNull)]
}

function nameOrNull(name: string | undefined): string | null {
  return name !== undefined && isText(name) ? name : null
}
