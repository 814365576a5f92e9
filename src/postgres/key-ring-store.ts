import type { KeyRingState, KeyRingStore } from '../issuer/key-ring-store.js'
import { checkNames, readText } from '../core/option-checks.js'
import type { PostgresClient } from './client.js'
import { prepareClient } from './run.js'

/** What {@link createPostgresKeyRingStore} accepts. */
export interface PostgresKeyRingStoreOptions {
  /**
   * Tells rings in one database apart, such as those of two issuers.
   *
   * @defaultValue `'default'`
   */
  name?: string | undefined
}

const load = `SELECT version, keys FROM bearer_key_rings WHERE name = $1`

const save = `
INSERT INTO bearer_key_rings AS r (name, version, keys)
SELECT $1::text, $2::int, $3::json
WHERE $2 = 1 OR EXISTS (SELECT FROM bearer_key_rings WHERE name = $1)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, keys = excluded.keys
WHERE r.version = excluded.version - 1
RETURNING version`

/**
 * Keeps a key ring in PostgreSQL, so that all processes of an issuer sign with and publish the same
 * keys.
 *
 * @remarks
 * The table `bearer_key_rings` holds private keys: whoever reads it can mint tokens for anybody. Let
 * nobody but the issuer's account read it, and keep it out of dumps that others may see.
 *
 * @param client - A `Pool` of `pg`, or a `PGlite`; the tables are made by {@link createSchema}.
 * @throws {@link ConfigurationError} when the client cannot run statements or an option is wrong, at once.
 */
export function createPostgresKeyRingStore(
  client: PostgresClient,
  options: PostgresKeyRingStoreOptions = {},
): KeyRingStore {
  const run = prepareClient(client)
  checkNames(options, ['name'], 'the options of createPostgresKeyRingStore()')
  const name = readText(options.name, 'name') ?? 'default'

  return {
    async load() {
      const [state] = await run(load, [name])
      return state as KeyRingState | undefined
    },

    async save({ version, keys }) {
      const rows = await run(save, [name, version, JSON.stringify(keys)])
      return rows.length > 0
    },
  }
}
