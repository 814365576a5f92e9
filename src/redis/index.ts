/**
 * Stores on Redis, for more than one process.
 *
 * @packageDocumentation
 */

export { createRedisRefreshStore } from './refresh-store.js'
export { createRedisDenyList } from './deny-list.js'
export { createRedisReplayCache } from './replay-cache.js'
export type { RedisStoreOptions } from './options.js'
export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js'
