/**
 * Stores on Redis, for more than one process.
 *
 * @packageDocumentation
 */

export { createRedisRefreshStore, type RedisRefreshStoreOptions } from './refresh-store.js'
export { createRedisDenyList } from './deny-list.js'
export { createRedisKeyRingStore, type RedisKeyRingStoreOptions } from './key-ring-store.js'
export { createRedisReplayCache } from './replay-cache.js'
export { createRedisSessionStore } from './session-store.js'
export { createRedisUserTokenStore, type RedisUserTokenStoreOptions } from './user-token-store.js'
export type { RedisStoreOptions } from './options.js'
export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js'
