import { ConfigurationError } from '../core/errors.js'

/**
 * What the stores need of a PostgreSQL client: a `Pool` of `pg`, or a `PGlite`. It stays the caller's,
 * who also ends it.
 *
 * @remarks
 * Give a pool rather than a single connection: statements of one connection wait for each other.
 */
export interface PostgresClient {
  /** Runs one statement with its parameters. */
  query(text: string, parameters?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Refuses, while the app starts, what cannot run a statement. */
export function checkClient(client: PostgresClient): void {
  if (typeof (client as Partial<PostgresClient> | undefined)?.query === 'function') return
  throw new ConfigurationError('"client" must be a PostgreSQL client with query(text, parameters)')
}
