import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
  createPostgresReplayCache,
  createPostgresSessionStore,
  createPostgresUserTokenStore,
  createSchema,
  schema,
} from 'express-jwt-bearer/postgres'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { expectOldSignInsToEnd } from '../support/old-sign-ins.js'
import { openShiftedDatabases } from './shifted-clock.js'

const { engine, pool, databases, close } = await openShiftedDatabases()

afterAll(close)

describe('createSchema', () => {
  test('creates the tables when eight processes do so at once', async () => {
    await pool.query('CREATE DATABASE shared')
    const url = engine.url.replace(/\w+$/, 'shared')
    const pools = Array.from({ length: 8 }, () => new pg.Pool({ connectionString: url }))
    await Promise.all(pools.map(createSchema))
    expect(await createPostgresRefreshStore(pools[0] as pg.Pool).list('nobody')).toEqual([])
    await Promise.all(pools.map((each) => each.end()))
  })
})

describe('schema', () => {
  test('is plain SQL that can be run again', async () => {
    await pool.query('CREATE DATABASE migrated')
    const url = engine.url.replace(/\w+$/, 'migrated')
    const migrated = new pg.Pool({ connectionString: url })
    await migrated.query(schema)
    await migrated.query(schema)
    await createSchema(migrated)
    expect(await createPostgresRefreshStore(migrated).list('nobody')).toEqual([])
    await migrated.end()
  })
})

describe.each(databases)('on %s', (_name, { client, passTime }) => {
  test('a refused rotation leaves the session as it was', async () => {
    const store = createPostgresRefreshStore(client)
    const family = { id: 'a'.repeat(22), subject: 'a', clientId: 'c', claims: {}, meta: {} }
    await store.create({ ...family, lifetime: 60 }, { hash: 'one', idleLifetime: 30 })
    const successor = { hash: 'two', idleLifetime: 30, sealed: 'sealed' }
    const at = (hash: string) => ({ familyId: family.id, hash })
    expect(await store.rotate(at('one'), successor)).toBe(true)
    const before = await store.find(at('two'))
    await passTime(1)
    expect(await store.rotate(at('one'), { ...successor, hash: 'three' })).toBe(false)
    expect((await store.find(at('two')))?.family).toEqual(before?.family)
  })

  test('pruning forgets sessions and the rows of tokens that were idle for too long', async () => {
    const store = createPostgresRefreshStore(client)
    const family = { subject: 'b', clientId: 'c', claims: {}, meta: {} }
    await store.prune(0)
    await store.create({ ...family, id: 'short', lifetime: 5 }, { hash: 'b1', idleLifetime: 5 })
    await store.create({ ...family, id: 'long', lifetime: 500 }, { hash: 'b2', idleLifetime: 5 })
    await passTime(5)
    expect(await store.find({ familyId: 'long', hash: 'b2' })).toBeDefined()
    expect(await store.prune(20)).toBe(1)
    expect(await store.find({ familyId: 'long', hash: 'b2' })).toBeUndefined()
    expect(await store.revokeFamily('short')).toBe(false)
    expect(await store.revokeFamily('long')).toBe(true)
  })

  test('an ended entry of the deny list does not come back with a new one', async () => {
    const list = createPostgresDenyList(client)
    await list.deny({ kind: 'sub', id: 'c', lifetime: 5, notBefore: 200 })
    await passTime(5)
    await list.deny({ kind: 'sub', id: 'c', lifetime: 5, notBefore: 100 })
    expect(await list.isDenied({ sub: 'c', iat: 99 })).toBe(true)
    expect(await list.isDenied({ sub: 'c', iat: 150 })).toBe(false)
  })

  test('pruning the deny list forgets ended entries alone', async () => {
    const list = createPostgresDenyList(client)
    await passTime(10)
    await list.prune()
    await list.deny({ kind: 'jti', id: 'd1', lifetime: 5 })
    await list.deny({ kind: 'jti', id: 'd2', lifetime: 50 })
    await passTime(5)
    expect(await list.prune()).toBe(1)
    expect(await list.isDenied({ jti: 'd2' })).toBe(true)
  })

  test('key rings of two names are kept apart', async () => {
    const rings = ['one', 'two'].map((name) => createPostgresKeyRingStore(client, { name }))
    const saved = rings.map((ring) => ring.save({ version: 1, keys: [] }))
    expect(await Promise.all(saved)).toEqual([true, true])
    expect(await createPostgresKeyRingStore(client).load()).toBeUndefined()
  })

  test('user tokens that are idle for too long are gone, and pruning removes them', async () => {
    const store = createPostgresUserTokenStore(client, { idleLifetime: 5 })
    const [idle, busy] = [
      { subject: 'e', sessionId: 'idle' },
      { subject: 'e', sessionId: 'busy' },
    ]
    const version = await store.storeToken(idle, { accessToken: 'a' })
    await store.storeToken(busy, { accessToken: 'b' })
    await passTime(4)
    await store.storeToken(busy, { accessToken: 'c' })
    await passTime(1)
    expect(await store.getToken(idle)).toBeUndefined()
    expect(
      await store.storeToken(idle, { accessToken: 'd' }, { ifVersion: version }),
    ).toBeUndefined()
    expect(await store.clearToken(idle, { ifVersion: 'other' })).toBe(true)
    await store.storeToken(idle, { accessToken: 'a' })
    await passTime(4.5)
    expect(await store.prune()).toBe(1)
    expect((await store.getToken(idle))?.token.accessToken).toBe('a')
  })

  test('pruning forgets the sign-ins that are over and no other', async () => {
    const store = createPostgresSessionStore(client)
    const ahead = new Date(Date.now() + 10_000_000)
    const openedAt = new Date(5)
    await store.set('over', { version: '1', expiresAt: new Date(0), openedAt, data: 'a' })
    await store.set('good', { version: '1', expiresAt: ahead, openedAt, data: 'b' })
    expect(await store.prune()).toBe(1)
    expect(await store.get('good')).toEqual({ version: '1', expiresAt: ahead, openedAt, data: 'b' })
    expect(await store.prune()).toBe(0)
  })

  test('a sign-in whose record knows no instant counts as opened long ago', async () => {
    await expectOldSignInsToEnd(createPostgresSessionStore(client))
  })

  test('pruning forgets the used proofs that are over and no other', async () => {
    const cache = createPostgresReplayCache(client)
    const ahead = new Date(Date.now() + 10_000_000)
    await cache.addIfAbsent('over', new Date(0))
    await cache.addIfAbsent('good', ahead)
    expect(await cache.prune()).toBe(1)
    expect(await cache.addIfAbsent('good', ahead)).toBe(false)
    expect(await cache.prune()).toBe(0)
  })
})
