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
import { createTokenIssuer } from 'express-jwt-bearer/issuer'
import type { UserKey } from 'express-jwt-bearer/tokens'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { expectOldSignInsToEnd } from '../support/old-sign-ins.js'
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
    const names = { sid: 's', sub: 'alice', openedAt: new Date() }
    const session = { version: '1', expiresAt: new Date(Date.now() + 60_000), data: '', ...names }
    await createRedisSessionStore(client, mine).set('a', session)
    await createRedisKeyRingStore(client, mine).save({ version: 1, keys: [] })
    const keys = await ioRedis.keys('*')
    expect(keys.filter((key) => !key.startsWith('mine:'))).toEqual([])
    expect(keys).toHaveLength(13)
    expect(await createRedisRefreshStore(client, theirs).list('alice')).toEqual([])
    expect(await createRedisKeyRingStore(client, theirs).load()).toBeUndefined()
    expect(await createRedisDenyList(client, theirs).isDenied({ jti: 'a' })).toBe(false)
    expect(await createRedisSessionStore(client, theirs).get('a')).toBeUndefined()
  })

  test('a sign-in whose record knows no instant counts as opened long ago', async () => {
    await expectOldSignInsToEnd(createRedisSessionStore(client))
  })

  test('every key leaves by itself', async () => {
    const store = createRedisRefreshStore(client, { reuseInterval: 0 })
    await store.create({ ...family, lifetime: 0.05 }, { hash: 'one', idleLifetime: 0.05 })
    await createRedisDenyList(client).deny({ kind: 'jti', id: 'a', lifetime: 0.05 })
    await createRedisReplayCache(client).addIfAbsent('a', new Date(Date.now() + 50))
    const userTokens = createRedisUserTokenStore(client, { idleLifetime: 0.05 })
    await userTokens.storeToken({ subject: 'alice', sessionId: 's' }, { accessToken: 'a' })
    await userTokens.lock?.({ subject: 'alice', sessionId: 's' }, 0.05)
    const names = { sid: 's', sub: 'alice', openedAt: new Date() }
    const session = { version: '1', expiresAt: new Date(Date.now() + 50), data: '', ...names }
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

  test('signing in costs the same, however many sessions of the subject have ended', async () => {
    const store = createRedisRefreshStore(client)
    const issuer = createTokenIssuer({ issuer: 'i', audience: 'a', store, maxSessions: 3 })
    const keys = () => ioRedis.zcard('bearer:subject:alice')
    async function cost(): Promise<number> {
      const commands = async () =>
        Number(/total_commands_processed:(\d+)/.exec(await ioRedis.info('stats'))?.[1])
      const before = await commands()
      await issuer.issue('alice')
      return (await commands()) - before
    }
    for (let n = 0; n < 4; n++) await issuer.issue('alice')
    const first = await cost()
    for (let n = 0; n < 20; n++) await issuer.issue('alice')
    for (let n = 0; n < 20; n++) await issuer.revoke((await issuer.issue('alice')).refreshToken)
    await issuer.revokeSubject('alice')
    expect(await keys()).toBe(0)
    for (let n = 0; n < 4; n++) await issuer.issue('alice')
    expect(await cost()).toBe(first)
    expect(await keys()).toBe(3)
    // Those that ended by themselves are looked at once more, and never again.
    for (let n = 0; n < 20; n++) {
      const id = `${String(n).padStart(2, '0')}${'C'.repeat(20)}`
      const brief = { ...family, id, lifetime: 60 }
      await store.create(brief, { hash: id, idleLifetime: 0.001 })
    }
    await wait(5)
    await issuer.issue('alice')
    expect(await cost()).toBe(first)
    expect(await keys()).toBe(3)
    expect(await issuer.sessions('alice')).toHaveLength(3)
  })

  test('of many sign-ins at once no more sessions stay than may', async () => {
    const issuers = [1, 2, 3].map(() =>
      createTokenIssuer({
        issuer: 'i',
        audience: 'a',
        store: createRedisRefreshStore(client),
        maxSessions: 5,
      }),
    )
    await Promise.all(
      issuers.flatMap((each) => Array.from({ length: 20 }, () => each.issue('alice'))),
    )
    expect(await issuers[0]?.sessions('alice')).toHaveLength(5)
  })

  test('names of ended sessions that could not be removed are removed later', async () => {
    const store = createRedisRefreshStore(client)
    await store.create({ ...family, lifetime: 60 }, { hash: 'one', idleLifetime: 30 })
    await store.revokeFamily(family.id)
    await ioRedis.zadd('bearer:subject:alice', Date.now() * 2000, family.id)
    expect(await store.list('alice')).toEqual([])
    expect(await ioRedis.exists('bearer:subject:alice')).toBe(0)
  })

  test('a session is revoked although its name cannot be removed', async () => {
    const store = createRedisRefreshStore(client)
    await store.create({ ...family, lifetime: 60 }, { hash: 'one', idleLifetime: 30 })
    await ioRedis.set('bearer:subject:alice', 'something else')
    expect(await store.revokeFamily(family.id)).toBe(true)
    expect(await store.revokeFamily(family.id)).toBe(false)
  })

  test('a session that is just beginning keeps its name', async () => {
    const store = createRedisRefreshStore(client)
    await ioRedis.zadd('bearer:subject:alice', Date.now() * 2000, family.id)
    expect(await store.list('alice')).toEqual([])
    await store.create({ ...family, lifetime: 60 }, { hash: 'one', idleLifetime: 30 })
    expect(await store.revokeSubject('alice')).toEqual([family.id])
  })

  test('reading user tokens writes nothing, so that a replica will do', async () => {
    const store = createRedisUserTokenStore(client, { idleLifetime: 60 })
    const user = { subject: 'alice', sessionId: 's' }
    await store.storeToken(user, { accessToken: 'a' })
    const [key = ''] = await ioRedis.keys('*')
    await ioRedis.pexpire(key, 5000)
    await ioRedis.replicaof('127.0.0.1', 1)
    try {
      expect((await store.getToken(user))?.token.accessToken).toBe('a')
      await expect(store.storeToken(user, { accessToken: 'b' })).rejects.toThrow('READONLY')
    } finally {
      await ioRedis.replicaof('NO', 'ONE')
    }
    expect(await ioRedis.pttl(key)).toBeLessThanOrEqual(5000)
  })

  test.each([
    { subject: 'alice', sessionId: '' },
    { subject: 'alice', sessionId: undefined },
    { subject: 7, sessionId: 's' },
    undefined,
  ])('user tokens of nobody are refused: %j', async (key) => {
    const store = createRedisUserTokenStore(client)
    const user = key as UserKey
    await expect(store.getToken(user)).rejects.toThrow(TypeError)
    await expect(store.storeToken(user, { accessToken: 'a' })).rejects.toThrow(TypeError)
    await expect(store.clearToken(user)).rejects.toThrow(TypeError)
    await expect(store.lock?.(user, 1)).rejects.toThrow(TypeError)
  })

  test.each([[NaN], [Infinity], [undefined]])(
    'an iat of %s is that of an old token',
    async (iat) => {
      const list = createRedisDenyList(client)
      await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: 1 })
      expect(await list.isDenied({ sub: 'alice', iat })).toBe(true)
      expect(await list.isDenied({ sub: 'alice', iat: 1 })).toBe(false)
    },
  )

  test('a broken record of user tokens is an error that does not quote it', async () => {
    const user = { subject: 'alice', sessionId: 's' }
    const store = createRedisUserTokenStore(client)
    await store.storeToken(user, { accessToken: 'a' })
    const [key = ''] = await ioRedis.keys('*')
    await ioRedis.hset(key, 'token', 'secret')
    await expect(store.getToken(user)).rejects.toThrow('The stored user token is not JSON')
  })
})
