/**
 * Stores on PostgreSQL, for more than one process.
 *
 * @packageDocumentation
 */

export { createSchema, schema } from './schema.js'
export { createPostgresRefreshStore } from './refresh-store.js'
export { createPostgresDenyList, type PostgresDenyList } from './deny-list.js'
export { createPostgresKeyRingStore, type PostgresKeyRingStoreOptions } from './key-ring-store.js'
export { createPostgresReplayCache, type PostgresReplayCache } from './replay-cache.js'
export { createPostgresSessionStore, type PostgresSessionStore } from './session-store.js'
export {
  createPostgresUserTokenStore,
  type PostgresUserTokenStore,
  type PostgresUserTokenStoreOptions,
} from './user-token-store.js'
export type { PostgresClient } from './client.js'
