import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  createMemoryDenyList,
  createMemoryRefreshStore,
  type NewRefreshFamily,
} from 'express-jwt-bearer/issuer'
import { describe, expect, test, vi } from 'vitest'

const familyOf = (id: string, lifetime = 100): NewRefreshFamily => ({
  id,
  subject: `owner of ${id}`,
  clientId: 'app',
  claims: { roles: ['User'] },
  meta: {},
  lifetime,
})
const tokenOf = (hash: string) => ({ hash, idleLifetime: 50, sealed: 'sealed' })

describe('createMemoryRefreshStore', () => {
  test('holds a limited number of sessions and forgets the oldest', async () => {
    const store = createMemoryRefreshStore({ maxSessions: 2 })
    for (const id of ['a', 'b', 'c']) await store.create(familyOf(id), tokenOf(id))
    expect(await store.find({ familyId: 'a', hash: 'a' })).toBeUndefined()
    expect(await store.list('owner of a')).toEqual([])
    expect(await store.find({ familyId: 'b', hash: 'b' })).toBeDefined()
    expect(await store.find({ familyId: 'c', hash: 'c' })).toBeDefined()
  })

  test('forgets sessions that are over when new ones come', async () => {
    let now = 0
    const store = createMemoryRefreshStore({ clock: () => now })
    await store.create(familyOf('a'), tokenOf('a'))
    await store.create({ ...familyOf('b', 200), subject: 'owner of a' }, tokenOf('b'))
    now = 100_000
    await store.create(familyOf('c'), tokenOf('c'))
    expect(await store.find({ familyId: 'a', hash: 'a' })).toBeUndefined()
    expect(await store.find({ familyId: 'b', hash: 'b' })).toBeDefined()
  })

  test('recognises the last 100 tokens of a session', async () => {
    const store = createMemoryRefreshStore()
    await store.create(familyOf('a'), tokenOf('0'))
    for (let n = 0; n < 100; n++) {
      await store.rotate({ familyId: 'a', hash: `${n}` }, tokenOf(`${n + 1}`))
    }
    expect(await store.find({ familyId: 'a', hash: '0' })).toBeUndefined()
    expect(await store.find({ familyId: 'a', hash: '1' })).toBeDefined()
  })

  test('prunes tokens that are over, and keeps their session until it ends', async () => {
    let now = 0
    const store = createMemoryRefreshStore({ clock: () => now })
    await store.create(familyOf('a'), tokenOf('0'))
    await store.rotate({ familyId: 'a', hash: '0' }, tokenOf('1'))
    now = 50_000
    expect(await store.prune(60)).toBe(0)
    expect(await store.find({ familyId: 'a', hash: '0' })).toMatchObject({
      sealedSuccessor: 'sealed',
    })
    expect(await store.find({ familyId: 'a', hash: '1' })).toBeUndefined()
    expect(await store.prune(20)).toBe(0)
    expect(await store.find({ familyId: 'a', hash: '0' })).toBeUndefined()
    expect(await store.list('owner of a')).toEqual([])
    now = 100_000
    expect(await store.prune(20)).toBe(1)
  })

  test('signs in at the same cost, however many sessions of the subject have ended', async () => {
    const store = createMemoryRefreshStore({ maxSessions: 100_000 })
    const subject = 'alice'
    for (let n = 0; n < 20_000; n++) {
      const id = String(n)
      await store.create({ ...familyOf(id), subject }, tokenOf(id))
      await store.revokeFamily(id)
    }
    const start = performance.now()
    for (let n = 0; n < 1000; n++) expect(await store.list(subject)).toEqual([])
    expect(performance.now() - start).toBeLessThan(500)
    expect(await store.find({ familyId: '0', hash: '0' })).toBeDefined()
    expect(await store.revokeSubject(subject)).toEqual([])
  })

  test('shares no object with its callers', async () => {
    const store = createMemoryRefreshStore()
    const family = familyOf('a')
    await store.create(family, tokenOf('a'))
    ;(family.claims['roles'] as string[]).push('Admin')
    const found = await store.find({ familyId: 'a', hash: 'a' })
    ;(found?.family.claims['roles'] as string[]).push('Admin')
    const again = await store.find({ familyId: 'a', hash: 'a' })
    expect(again?.family.claims).toEqual({ roles: ['User'] })
  })
})

describe('createMemoryDenyList', () => {
  test('holds a limited number of entries and forgets those that are over first', async () => {
    let now = 0
    const list = createMemoryDenyList({ maxEntries: 2, clock: () => now })
    const deny = (id: string, lifetime: number) => list.deny({ kind: 'jti', id, lifetime })
    await deny('long', 100)
    await deny('brief', 1)
    await deny('brief', 2)
    now = 2_000
    await deny('new', 100)
    expect(await list.isDenied({ jti: 'long' })).toBe(true)
    await deny('newer', 100)
    expect(await list.isDenied({ jti: 'long' })).toBe(false)
    expect(await list.isDenied({ jti: 'new' })).toBe(true)
    expect(await list.isDenied({ jti: 'newer' })).toBe(true)
  })
})

describe('createMemoryDenyList, full', () => {
  test('takes in a new entry without a look at all the others', async () => {
    let now = 0
    const list = createMemoryDenyList({ maxEntries: 100_000, clock: () => now })
    const deny = (n: number, lifetime: number) =>
      list.deny({ kind: 'jti', id: String(n), lifetime })
    for (let n = 0; n < 100_000; n++) await deny(n, 1000 + n / 1000)
    const start = performance.now()
    // Nothing has ended; then one entry ends with each one that comes.
    for (let n = 100_000; n < 110_000; n++) await deny(n, 5000)
    for (let n = 110_000; n < 120_000; n++) {
      now = 1_010_000 + (n - 110_000)
      await deny(n, 5000)
    }
    expect(performance.now() - start).toBeLessThan(1500)
    expect(await list.isDenied({ jti: '9999' })).toBe(false)
    expect(await list.isDenied({ jti: '119999' })).toBe(true)
  })

  test('holds a single entry where it is told to', async () => {
    let now = 0
    const list = createMemoryDenyList({ maxEntries: 1, clock: () => now })
    for (const id of ['a', 'b', 'c', 'd']) {
      await list.deny({ kind: 'jti', id, lifetime: 1 })
      expect(await list.isDenied({ jti: id })).toBe(true)
      now += 1000
      expect(await list.isDenied({ jti: id })).toBe(false)
    }
  })

  test('forgets entries in the order in which they end, repeated ones by their later end', async () => {
    let now = 0
    const list = createMemoryDenyList({ maxEntries: 50, clock: () => now })
    const deny = (id: string, lifetime: number) => list.deny({ kind: 'jti', id, lifetime })
    const known = async () => {
      const ids = Array.from({ length: 50 }, (_, n) => String(n))
      const denied = await Promise.all(ids.map((jti) => list.isDenied({ jti })))
      return denied.filter(Boolean).length
    }
    // Every entry twice, in a scrambled order: the lifetimes are 1 to 50 seconds.
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 50; n++) await deny(String((n * 37) % 50), 1 + ((n * 37) % 50))
    }
    for (let second = 1; second <= 50; second++) {
      now = second * 1000
      await deny(`new ${String(second)}`, 1000)
      expect(await known()).toBe(50 - second)
    }
    expect(await list.isDenied({ jti: 'new 1' })).toBe(true)
  })
})

describe('stores in memory', () => {
  const program = `
    import { createKeyRing, createMemoryDenyList, createMemoryRefreshStore } from './src/issuer/index.ts'
    for (const round of [1, 2]) {
      const store = createMemoryRefreshStore(); createMemoryDenyList(); createKeyRing()
      await store.list('nobody')
    }`
  const run = (environment: string) =>
    spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, NODE_ENV: environment },
      encoding: 'utf8',
    })

  test('warn once in production, and keep no process alive', () => {
    const { stderr, status } = run('production')
    expect(status).toBe(0)
    expect(stderr.match(/EXPRESS_JWT_BEARER_MEMORY/g)).toHaveLength(3)
    expect(stderr).toContain('a restart signs everybody out')
    expect(run('development').stderr).not.toContain('EXPRESS_JWT_BEARER_MEMORY')
  }, 20_000)

  test('tell each thing apart when they warn', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    createMemoryDenyList()
    createMemoryDenyList()
    createMemoryRefreshStore()
    expect(warn.mock.calls.map(([text]) => String(text))).toEqual([
      'The deny list lives in the memory of this process: other processes accept what it denies',
      'The refresh store lives in the memory of this process: a restart signs everybody out',
    ])
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
})
