import type { RefreshFamily, RefreshRecord, RefreshStore } from '../issuer/refresh-store.js'
import type { PostgresClient } from './client.js'
import { isText, prepareClient } from './run.js'

const create = `
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now), session AS (
  INSERT INTO bearer_sessions
    (id, subject, client_id, claims, meta, created_at, last_used_at, expires_at)
  SELECT $1::text, $2::text, $3::text, $4::json, $5::json, now, now,
    now + $6::float8 * interval '1 second'
  FROM moment
  RETURNING id, created_at, expires_at
)
INSERT INTO bearer_refresh_tokens (hash, session_id, idle_expires_at)
SELECT $7::text, id, least(created_at + $8::float8 * interval '1 second', expires_at)
FROM session`

const familyColumns = `
s.id, s.subject, s.client_id AS "clientId", s.claims, s.meta, s.created_at AS "createdAt",
s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt"`

const find = `
SELECT ${familyColumns}, t.idle_expires_at AS "idleExpiresAt", t.rotated_at AS "rotatedAt",
  t.sealed_successor AS "sealedSuccessor",
  EXISTS (
    SELECT FROM bearer_refresh_tokens n WHERE n.hash = t.successor_hash AND n.rotated_at IS NOT NULL
  ) AS "successorUsed",
  clock_timestamp() AS now
FROM bearer_refresh_tokens t JOIN bearer_sessions s ON s.id = t.session_id
WHERE t.session_id = $1 AND t.hash = $2`

// Whoever changes a session holds its row first. One who waited for it sees what the other wrote,
// since the server checks a row's conditions again after the wait.
const rotate = `
WITH session AS MATERIALIZED (
  SELECT id, expires_at FROM bearer_sessions
  WHERE id = $1 AND revoked_at IS NULL AND expires_at > clock_timestamp()
  FOR NO KEY UPDATE
), presented AS (
  UPDATE bearer_refresh_tokens t
  SET rotated_at = clock_timestamp(), successor_hash = $3, sealed_successor = $4
  FROM session
  WHERE t.hash = $2 AND t.session_id = session.id
    AND t.rotated_at IS NULL AND t.idle_expires_at > clock_timestamp()
  RETURNING session.id, session.expires_at, t.rotated_at
), successor AS (
  INSERT INTO bearer_refresh_tokens (hash, session_id, idle_expires_at)
  SELECT $3, id, least(rotated_at + $5::float8 * interval '1 second', expires_at)
  FROM presented
)
UPDATE bearer_sessions s SET last_used_at = presented.rotated_at
FROM presented WHERE s.id = presented.id
RETURNING s.id`

const revokeFamily = `
UPDATE bearer_sessions SET revoked_at = clock_timestamp()
WHERE id = $1 AND revoked_at IS NULL
RETURNING id`

// Rows are locked in one order, or two calls at the same moment could wait for each other for ever.
const revokeSubject = `
UPDATE bearer_sessions SET revoked_at = clock_timestamp()
WHERE revoked_at IS NULL AND id IN (
  SELECT id FROM bearer_sessions
  WHERE subject = $1 AND id IS DISTINCT FROM $2 AND revoked_at IS NULL
  ORDER BY id FOR NO KEY UPDATE
)
RETURNING id`

const list = `
SELECT ${familyColumns} FROM bearer_sessions s
WHERE s.subject = $1 AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND EXISTS (
  SELECT FROM bearer_refresh_tokens t
  WHERE t.session_id = s.id AND t.rotated_at IS NULL AND t.idle_expires_at > clock_timestamp()
)
ORDER BY s.created_at, s.id`

// What somebody else works on at the moment is left for the next time.
const prune = `
WITH moment AS MATERIALIZED (
  SELECT now, now - $1::float8 * interval '1 second' AS window_start
  FROM (SELECT clock_timestamp() AS now) AS clock
), ended AS (
  DELETE FROM bearer_sessions WHERE id IN (
    SELECT s.id FROM bearer_sessions s, moment
    WHERE s.expires_at <= now
    FOR UPDATE OF s SKIP LOCKED
  )
  RETURNING id
), idle AS (
  DELETE FROM bearer_refresh_tokens WHERE hash IN (
    SELECT t.hash FROM bearer_refresh_tokens t, moment
    WHERE t.idle_expires_at <= now AND (t.rotated_at IS NULL OR t.rotated_at < window_start)
    FOR UPDATE OF t SKIP LOCKED
  )
), unsealed AS (
  UPDATE bearer_refresh_tokens SET sealed_successor = NULL WHERE hash IN (
    SELECT t.hash FROM bearer_refresh_tokens t, moment
    WHERE t.idle_expires_at > now AND t.rotated_at < window_start
      AND t.sealed_successor IS NOT NULL
    FOR UPDATE OF t SKIP LOCKED
  )
)
SELECT count(*)::int AS forgotten FROM ended`

/**
 * Keeps sessions and the hashes of their refresh tokens in PostgreSQL, for any number of processes.
 *
 * Each operation is one statement and time is the server's. What was answered survives a crash, as
 * far as the server's `synchronous_commit` and `fsync` are left on. Call `prune` from time to time.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements, at once.
 *
 * @example Refresh tokens that every process knows
 * ```ts
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
 * await createSchema(pool)
 * const store = createPostgresRefreshStore(pool)
 * ```
 */
export function createPostgresRefreshStore(client: PostgresClient): RefreshStore {
  const run = prepareClient(client)

  return {
    async create({ id, subject, clientId, claims, meta, lifetime }, { hash, idleLifetime }) {
      const texts = [JSON.stringify(claims), JSON.stringify(meta)]
      await run(create, [id, subject, clientId, ...texts, lifetime, hash, idleLifetime])
    },

    async find({ familyId, hash }) {
      const [row] = (await run(find, [familyId, hash])) as TokenRow[]
      return row && toRecord(row)
    },

    async rotate({ familyId, hash }, successor) {
      const rows = await run(rotate, [
        ...[familyId, hash],
        ...[successor.hash, successor.sealed, successor.idleLifetime],
      ])
      return rows.length > 0
    },

    async revokeFamily(familyId) {
      return isText(familyId) && (await run(revokeFamily, [familyId])).length > 0
    },

    async revokeSubject(subject, except) {
      if (!isText(subject)) return []
      const rows = await run(revokeSubject, [subject, except ?? null])
      return (rows as { id: string }[]).map(({ id }) => id)
    },

    async list(subject) {
      if (!isText(subject)) return []
      return ((await run(list, [subject])) as FamilyRow[]).map(toFamily)
    },

    async prune(reuseInterval) {
      const [row] = (await run(prune, [reuseInterval])) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}

type OrNull<T> = {
  [Name in keyof T]: Exclude<T[Name], undefined> | (undefined extends T[Name] ? null : never)
}
type FamilyRow = OrNull<RefreshFamily>
type TokenRow = FamilyRow & OrNull<Omit<RefreshRecord, 'family'>>

function toRecord(row: TokenRow): RefreshRecord {
  return {
    family: toFamily(row),
    idleExpiresAt: new Date(row.idleExpiresAt),
    rotatedAt: toDate(row.rotatedAt),
    sealedSuccessor: row.sealedSuccessor ?? undefined,
    successorUsed: row.successorUsed,
    now: new Date(row.now),
  }
}

// Some apps have the driver return instants as text.
function toFamily(row: FamilyRow): RefreshFamily {
  const { id, subject, clientId, claims, meta } = row
  return {
    ...{ id, subject, clientId, claims, meta },
    createdAt: new Date(row.createdAt),
    lastUsedAt: new Date(row.lastUsedAt),
    expiresAt: new Date(row.expiresAt),
    revokedAt: toDate(row.revokedAt),
  }
}

function toDate(instant: Date | null): Date | undefined {
  return instant === null ? undefined : new Date(instant)
}
