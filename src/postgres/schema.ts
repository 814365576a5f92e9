import type { PostgresClient } from './client.js'
import { prepareClient } from './run.js'

const sessions = `
CREATE TABLE IF NOT EXISTS bearer_sessions (
  id text PRIMARY KEY,
  subject text NOT NULL,
  client_id text NOT NULL,
  claims json NOT NULL,
  meta json NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX IF NOT EXISTS bearer_sessions_subject ON bearer_sessions (subject);
CREATE INDEX IF NOT EXISTS bearer_sessions_live ON bearer_sessions (subject, expires_at)
  WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS bearer_sessions_expires_at ON bearer_sessions (expires_at);
`

const refreshTokens = `
CREATE TABLE IF NOT EXISTS bearer_refresh_tokens (
  hash text PRIMARY KEY,
  session_id text NOT NULL REFERENCES bearer_sessions ON DELETE CASCADE,
  idle_expires_at timestamptz NOT NULL,
  rotated_at timestamptz,
  successor_hash text,
  sealed_successor text
);
CREATE INDEX IF NOT EXISTS bearer_refresh_tokens_session_id ON bearer_refresh_tokens (session_id);
CREATE INDEX IF NOT EXISTS bearer_refresh_tokens_idle_expires_at
  ON bearer_refresh_tokens (idle_expires_at);
`

const denied = `
CREATE TABLE IF NOT EXISTS bearer_denied (
  kind text NOT NULL,
  id text NOT NULL,
  expires_at timestamptz NOT NULL,
  not_before double precision,
  PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS bearer_denied_expires_at ON bearer_denied (expires_at);
`

const keyRings = `
CREATE TABLE IF NOT EXISTS bearer_key_rings (
  name text PRIMARY KEY,
  version integer NOT NULL,
  keys json NOT NULL
);
`

const userTokens = `
CREATE TABLE IF NOT EXISTS bearer_user_tokens (
  subject text NOT NULL,
  session_id text NOT NULL,
  token text NOT NULL,
  version text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (subject, session_id)
);
CREATE INDEX IF NOT EXISTS bearer_user_tokens_expires_at ON bearer_user_tokens (expires_at);

CREATE TABLE IF NOT EXISTS bearer_user_token_locks (
  subject text NOT NULL,
  session_id text NOT NULL,
  owner text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (subject, session_id)
);
`

const signIns = `
CREATE TABLE IF NOT EXISTS bearer_sign_ins (
  key text PRIMARY KEY,
  data text NOT NULL,
  version text NOT NULL,
  expires_at timestamptz NOT NULL
);
ALTER TABLE bearer_sign_ins ADD COLUMN IF NOT EXISTS opened_at timestamptz;
ALTER TABLE bearer_sign_ins ADD COLUMN IF NOT EXISTS sid text;
ALTER TABLE bearer_sign_ins ADD COLUMN IF NOT EXISTS sub text;
CREATE INDEX IF NOT EXISTS bearer_sign_ins_expires_at ON bearer_sign_ins (expires_at);
CREATE INDEX IF NOT EXISTS bearer_sign_ins_sid ON bearer_sign_ins USING hash (sid);
CREATE INDEX IF NOT EXISTS bearer_sign_ins_sub ON bearer_sign_ins USING hash (sub);
`

const used = `
CREATE TABLE IF NOT EXISTS bearer_used (
  key text PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS bearer_used_expires_at ON bearer_used (expires_at);
`

/**
 * The tables of all stores of this entry, as plain SQL for a migration. Every statement leaves what
 * exists alone, so it can be run again. The tables land in the first schema of the `search_path`.
 */
export const schema: string = [
  sessions,
  refreshTokens,
  denied,
  keyRings,
  userTokens,
  signIns,
  used,
].join('')

// Two processes that create a table at the same moment would make one of them fail, so they take
// turns; a DO block is one statement, which also a prepared one may be.
const createTables = `DO $create$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('express-jwt-bearer schema'));
${schema}
END $create$`

/**
 * Creates the tables of all stores of this entry where they do not exist yet. Any number of processes
 * may do so at the same time.
 *
 * @param client - Needs the right to create tables.
 * @throws {@link ConfigurationError} when the client cannot run statements.
 */
export async function createSchema(client: PostgresClient): Promise<void> {
  await prepareClient(client)(createTables)
}
