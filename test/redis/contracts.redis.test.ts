import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  createRedisDenyList,
  createRedisKeyRingStore,
  createRedisRefreshStore,
  createRedisReplayCache,
  createRedisSessionStore,
  createRedisUserTokenStore,
  type RedisClient,
} from 'express-jwt-bearer/redis'
import {
  denyListContract,
  keyRingStoreContract,
  refreshStoreContract,
  replayCacheContract,
  sessionStoreContract,
  userTokenStoreContract,
  type ContractCase,
} from 'express-jwt-bearer/testing'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, describe, test } from 'vitest'
import { startRedis } from '../support/redis.js'

const single = await startRedis()
const cluster = await startRedis({ cluster: true })
const nodeRedis = await createClient({ url: single.url }).connect()
const nodeRedisCluster = await createCluster({ rootNodes: [{ url: cluster.url }] }).connect()
const ioRedis = new Redis(single.url)
const ioRedisCluster = new Cluster([{ host: '127.0.0.1', port: cluster.port }])

afterAll(async () => {
  nodeRedis.destroy()
  nodeRedisCluster.destroy()
  ioRedis.disconnect()
  ioRedisCluster.disconnect()
  await single.stop()
  await cluster.stop()
})

// The server's clock cannot be moved, so the cases wait, all at the same time.
function runTogether(cases: readonly ContractCase[]) {
  for (const each of cases) {
    const done = each.run()
    done.catch(() => undefined)
    test(each.name, () => done, 30_000)
  }
}

const passTime = (seconds: number) => wait(seconds * 1000)

describe.each<[name: string, client: RedisClient]>([
  ['node-redis', nodeRedis],
  ['ioredis', ioRedis],
  ['a cluster with node-redis', nodeRedisCluster],
  ['a cluster with ioredis', ioRedisCluster],
])('on %s', (_name, client) => {
  describe('createRedisRefreshStore', () => {
    const open = () => createRedisRefreshStore(client, { reuseInterval: 2 })
    runTogether(refreshStoreContract(() => ({ subject: open(), passTime })))
  })
  describe('createRedisDenyList', () => {
    runTogether(denyListContract(() => ({ subject: createRedisDenyList(client), passTime })))
  })
  describe('createRedisKeyRingStore', () => {
    const open = () => createRedisKeyRingStore(client, { name: randomUUID() })
    runTogether(keyRingStoreContract(() => ({ subject: open() })))
  })
  describe('createRedisReplayCache', () => {
    runTogether(replayCacheContract(() => ({ subject: createRedisReplayCache(client), passTime })))
  })
  describe('createRedisSessionStore', () => {
    runTogether(
      sessionStoreContract(() => ({ subject: createRedisSessionStore(client), passTime })),
    )
  })
  describe('createRedisUserTokenStore', () => {
    const open = () => createRedisUserTokenStore(client)
    runTogether(userTokenStoreContract(() => ({ subject: open(), passTime })))
  })
})
