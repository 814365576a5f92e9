import { sha256 } from '../internal/sha256.js'
import type { DenyList } from '../core/deny-list.js'
import type { PostgresClient } from './client.js'
import { prepareClient } from './run.js'

/** A deny list in PostgreSQL. */
export interface PostgresDenyList extends DenyList {
  /**
   * Forgets the entries past their lifetime, which count no more. Call it from time to time.
   *
   * @returns How many were forgotten.
   */
  prune(): Promise<number>
}

// An entry past its lifetime is as good as gone, so nothing of it is carried on.
const deny = `
INSERT INTO bearer_denied AS d (kind, id, expires_at, not_before)
VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 second', $4::float8)
ON CONFLICT (kind, id) DO UPDATE SET
  expires_at = greatest(d.expires_at, excluded.expires_at),
  not_before = CASE WHEN d.expires_at > clock_timestamp()
    THEN greatest(d.not_before, excluded.not_before) ELSE excluded.not_before END`

const isDenied = `
SELECT FROM bearer_denied
WHERE expires_at > clock_timestamp() AND (
  (kind = 'jti' AND id = $1) OR (kind = 'sid' AND id = $2)
  OR (kind = 'sub' AND id = $3 AND ($4::float8 IS NULL OR $4 < not_before))
)
LIMIT 1`

const prune = `
WITH ended AS (
  DELETE FROM bearer_denied WHERE (kind, id) IN (
    SELECT kind, id FROM bearer_denied
    WHERE expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
  )
  RETURNING kind
)
SELECT count(*)::int AS forgotten FROM ended`

/**
 * Keeps a deny list in PostgreSQL, for any number of processes. A check is one look into an index;
 * where every request makes one, Redis is the lighter place.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements, at once.
 */
export function createPostgresDenyList(client: PostgresClient): PostgresDenyList {
  const run = prepareClient(client)

  return {
    async deny(entry) {
      const notBefore = entry.kind === 'sub' ? entry.notBefore : null
      await run(deny, [entry.kind, idOf(entry.id), entry.lifetime, notBefore])
    },

    async isDenied({ jti, sid, sub, iat }) {
      const ids = [jti, sid, sub].map((id) => (id === undefined ? null : idOf(id)))
      // What is no number is no proof that a token is young enough.
      const rows = await run(isDenied, [...ids, Number.isFinite(iat) ? iat : null])
      return rows.length > 0
    },

    async prune() {
      const [row] = (await run(prune)) as [{ forgotten: number }]
      return row.forgotten
    },
  }
}

// An index takes no entry of more than 2,704 bytes.
const longestId = 600

// PostgreSQL takes no NUL. An id that is denied in place of another one is the lesser evil.
function idOf(text: string): string {
  if (text.length > longestId) return sha256(text)
  return text.replaceAll('\0', '\ufffd')
}
