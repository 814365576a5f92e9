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
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis } from '../support/redis.js'

const engine = await startRedis()
const nodeRedis = await createClient({ url: engine.url }).connect()
const ioRedis = new Redis(engine.url)

afterAll(async () => {
  nodeRedis.destroy()
  ioRedis.disconnect()
  await engine.stop()
})

beforeEach(async () => {
  await ioRedis.flushall()
})

const family = { id: 'A'.repeat(22), subject: 'alice', clientId: 'app', claims: {}, meta: {} }

describe.each<[name: string, client: RedisClient]>([
  ['node-redis', nodeRedis],
  ['ioredis', ioRedis],
])('on %s', (_name, client) => {
  test('scripts are sent anew to a server that has forgotten them', async () => {
    const cache = createRedisReplayCache(client)
    for (const key of ['a', 'b']) {
      await ioRedis.script('FLUSH')
      expect(await cache.addIfAbsent(key, new Date(Date.now() + 60_000))).toBe(true)
    }
  })

  test('every other error of the server reaches the caller', async () => {
    await ioRedis.set('bearer:session:{x}', 'something else')
    const store = createRedisRefreshStore(client)
    for (const scriptIs of ['unknown', 'known'])
      await expect(store.revokeFamily('x'), scriptIs).rejects.toThrow('WRONGTYPE')
  })

  test('every key begins with the prefix, and two prefixes do not meet', async () => {
    const [mine, theirs] = ['mine:', 'theirs:'].map((prefix) => ({ prefix }))
    const store = createRedisRefreshStore(client, mine)
    await store.create({ ...family, lifetime: 60 }, { hash: 'one', idleLifetime: 30 })
    const successor = { hash: 'two', idleLifetime: 30, sealed: 'sealed' }
    await store.rotate({ familyId: family.id, hash: 'one' }, successor)
    await createRedisDenyList(client, mine).deny({ kind: 'jti', id: 'a', lifetime: 60 })
    await createRedisReplayCache(client, mine).addIfAbsent('a', new Date(Date.now() + 60_000))
    const user = { subject: 'alice', sessionId: 's' }
    const userTokens = createRedisUserTokenStore(client, mine)
    await userTokens.storeToken(user, { accessToken: 'a' })
    await userTokens.lock?.(user, 10)
    const session = { version: '1', expiresAt: new Date(Date.now() + 60_000), data: 'data' }
    await createRedisSessionStore(client, mine).set('a', session)
    await createRedisKeyRingStore(client, mine).save({ version: 1, keys: [] })
    const keys = await ioRedis.keys('*')
    expect(keys.filter((key) => !key.startsWith('mine:'))).toEqual([])
    expect(keys).toHaveLength(11)
    expect(await createRedisRefreshStore(client, theirs).list('alice')).toEqual([])
    expect(await createRedisKeyRingStore(client, theirs).load()).toBeUndefined()
    expect(await createRedisDenyList(client, theirs).isDenied({ jti: 'a' })).toBe(false)
    expect(await createRedisSessionStore(client, theirs).get('a')).toBeUndefined()
  })

  test('every key leaves by itself', async () => {
    const store = createRedisRefreshStore(client, { reuseInterval: 0 })
    await store.create({ ...family, lifetime: 0.05 }, { hash: 'one', idleLifetime: 0.05 })
    await createRedisDenyList(client).deny({ kind: 'jti', id: 'a', lifetime: 0.05 })
    await createRedisReplayCache(client).addIfAbsent('a', new Date(Date.now() + 50))
    const userTokens = createRedisUserTokenStore(client, { idleLifetime: 0.05 })
    await userTokens.storeToken({ subject: 'alice', sessionId: 's' }, { accessToken: 'a' })
    await userTokens.lock?.({ subject: 'alice', sessionId: 's' }, 0.05)
    const session = { version: '1', expiresAt: new Date(Date.now() + 50), data: 'data' }
    await createRedisSessionStore(client).set('a', session)
    await wait(100)
    // The token stays for the minute in which a rotated one could still be answered.
    expect(await ioRedis.keys('*')).toEqual([`bearer:session:{${family.id}}:one`])
    expect(await ioRedis.pttl(`bearer:session:{${family.id}}:one`)).toBeLessThanOrEqual(60_000)
  })

  test('key rings of two names are kept apart', async () => {
    const rings = ['one', 'two'].map((name) => createRedisKeyRingStore(client, { name }))
    const saved = rings.map((ring) => ring.save({ version: 1, keys: [] }))
    expect(await Promise.all(saved)).toEqual([true, true])
    expect(await createRedisKeyRingStore(client).load()).toBeUndefined()
  })

  test('an entry of the deny list without a lifetime denies nothing', async () => {
    const list = createRedisDenyList(client)
    await list.deny({ kind: 'jti', id: 'a', lifetime: 0 })
    expect(await list.isDenied({ jti: 'a' })).toBe(false)
  })

  test('a list of sessions forgets those that are over', async () => {
    const store = createRedisRefreshStore(client)
    await store.create({ ...family, lifetime: 0.05 }, { hash: 'one', idleLifetime: 0.05 })
    await wait(100)
    const lasting = { ...family, id: 'B'.repeat(22), lifetime: 60 }
    await store.create(lasting, { hash: 'two', idleLifetime: 30 })
    expect(await ioRedis.zrange('bearer:subject:alice', 0, -1)).toEqual([lasting.id])
    expect((await store.list('alice')).map(({ id }) => id)).toEqual([lasting.id])
    expect(await store.prune(0)).toBe(0)
  })

  test('a broken record of user tokens is an error that does not quote it', async () => {
    const user = { subject: 'alice', sessionId: 's' }
    const store = createRedisUserTokenStore(client)
    await store.storeToken(user, { accessToken: 'a' })
    const [key = ''] = await ioRedis.keys('*')
    await ioRedis.hset(key, 'token', 'secret')
    await expect(store.getToken(user)).rejects.toThrow('The stored user token is not JSON')
  })
})
