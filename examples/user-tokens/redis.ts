import { openRedis } from '../shared/open-redis.js'

const url = process.env['REDIS_URL']

/** The Redis that several processes share, if there is one. */
export const redis = url === undefined ? undefined : await openRedis(url)
