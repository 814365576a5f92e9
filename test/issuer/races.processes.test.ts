import { symmetricKey } from 'express-jwt-bearer'
import {
  createTokenIssuer,
  type RefreshStore,
  type TokenIssuerOptions,
} from 'express-jwt-bearer/issuer'
import { createPostgresRefreshStore, createSchema } from 'express-jwt-bearer/postgres'
import { createRedisRefreshStore } from 'express-jwt-bearer/redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { startIssuingProcess } from '../support/issuing-processes.js'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'
import { claimsOf } from './set-up.js'

const postgres = await startPostgres()
const redis = await startRedis()
const pool = new pg.Pool({ connectionString: postgres.url })
const ioRedis = new Redis(redis.url)
await createSchema(pool)

afterAll(async () => {
  await pool.end()
  ioRedis.disconnect()
  await postgres.stop()
  await redis.stop()
})

function issuerOn(store: RefreshStore, more: Partial<TokenIssuerOptions> = {}) {
  return createTokenIssuer({
    issuer: 'https://issuer.example',
    audience: 'api',
    keys: symmetricKey('a secret of the tests that is long enough'),
    store,
    ...more,
  })
}

describe.each([
  ['PostgreSQL', postgres.url, createPostgresRefreshStore(pool)],
  ['Redis', redis.url, createRedisRefreshStore(ioRedis)],
])('processes that share %s', { timeout: 60_000 }, (_name, url, store) => {
  const issuer = issuerOn(store)
  const fourProcesses = () => Promise.all(Array.from({ length: 4 }, () => startIssuingProcess(url)))

  test('give 256 presenters of one token the same successor', async () => {
    const { refreshToken } = await issuer.issue('alice')
    const processes = await fourProcesses()
    const results = await Promise.all(processes.map((each) => each.refresh(refreshToken, 64)))
    const successors = new Set(results.flatMap(({ answers }) => answers))
    const events = results.flatMap(({ events }) => events)
    expect(events).toHaveLength(256)
    expect(events.filter((type) => type === 'rotated')).toHaveLength(1)
    expect(events.filter((type) => type === 'replayed')).toHaveLength(255)
    expect(successors.size).toBe(1)
    const [successor = ''] = successors
    expect(await issuer.refresh(successor)).toMatchObject({ kind: 'success' })
    for (const each of processes) each.kill()
  })

  test('leave no live token behind when a sign-out races them', async () => {
    const processes = await fourProcesses()
    for (let round = 0; round < 8; round++) {
      const { refreshToken } = await issuer.issue('bob')
      const [sessionId = ''] = refreshToken.split('.')
      const [results] = await Promise.all([
        Promise.all(processes.map((each) => each.refresh(refreshToken, 8))),
        issuer.revokeSession(sessionId),
      ])
      const answers = results.flatMap((result) => result.answers)
      const tokens = answers.filter((answer) => answer.startsWith(`${sessionId}.`))
      for (const token of [refreshToken, ...tokens])
        expect(await issuer.refresh(token)).toMatchObject({ reason: 'revokedPresented' })
    }
    expect(await issuer.sessions('bob')).toEqual([])
    for (const each of processes) each.kill()
  })

  test.each([
    ...['before find', 'during find', 'after find'],
    ...['before rotate', 'during rotate', 'after rotate'],
  ])('leave a session usable that died %s', async (step) => {
    const { refreshToken } = await issuer.issue('carol')
    const [sessionId = ''] = refreshToken.split('.')
    const victim = await startIssuingProcess(url, step)
    await expect(victim.refresh(refreshToken)).rejects.toThrow('the issuing process died')

    const retried = await Promise.all([issuer.refresh(refreshToken), issuer.refresh(refreshToken)])
    const successors = retried.map((result) =>
      result.kind === 'success' ? result.tokens.refreshToken : result.reason,
    )
    expect(new Set(successors).size).toBe(1)
    expect(successors[0]).toMatch(new RegExp(`^${sessionId}\\.`))
    expect(await issuer.refresh(successors[0] ?? '')).toMatchObject({ kind: 'success' })
    expect((await issuer.sessions('carol')).some(({ id }) => id === sessionId)).toBe(true)
  })

  test('lose no session when they are killed at any moment of a chain of rotations', async () => {
    async function chain(killedAfter: number) {
      const victim = await startIssuingProcess(url)
      let { refreshToken } = await issuer.issue('dave')
      setTimeout(() => {
        victim.kill('SIGKILL')
      }, killedAfter)
      try {
        for (;;) refreshToken = (await victim.refresh(refreshToken)).answers[0] ?? ''
      } catch {
        return issuer.refresh(refreshToken)
      }
    }
    const results = await Promise.all([20, 28, 37, 45, 54, 63].map(chain))
    expect(results.map(({ kind }) => kind)).toEqual(Array(6).fill('success'))
    expect(await issuer.sessions('dave')).toHaveLength(6)
  })
})

const absoluteLifetime = 20

describe('a session that is refreshed without a pause', () => {
  test.concurrent.each([
    ['PostgreSQL', createPostgresRefreshStore(pool)],
    ['Redis', createRedisRefreshStore(ioRedis)],
  ])(
    'ends at its absolute lifetime on %s, after more than 1,000 rotations',
    async (_name, store: RefreshStore) => {
      const issuer = issuerOn(store, { absoluteLifetime })
      const start = Date.now()
      const first = await issuer.issue('alice')
      let lastExp = Number(claimsOf(first)['exp'])
      let rotations = 0
      let result = await issuer.refresh(first.refreshToken)
      const end = result.kind === 'success' ? result.session.expiresAt : new Date(0)
      for (; result.kind === 'success'; rotations++) {
        expect(result.session.expiresAt).toEqual(end)
        lastExp = Math.max(lastExp, Number(claimsOf(result.tokens)['exp']))
        result = await issuer.refresh(result.tokens.refreshToken)
      }
      const elapsed = (Date.now() - start) / 1000
      // Redis drops what is over by itself, and may have done so by the time it is asked.
      expect(['expired', 'unknown']).toContain(result.reason)
      expect(rotations).toBeGreaterThan(1000)
      expect(lastExp).toBeLessThanOrEqual(Math.ceil(end.getTime() / 1000))
      expect(elapsed).toBeGreaterThan(absoluteLifetime - 0.1)
      expect(elapsed).toBeLessThan(absoluteLifetime + 2)
    },
    60_000,
  )
})

describe('a dump of the database', () => {
  test('of PostgreSQL contains no usable token', async () => {
    const tokens = await useTokens(createPostgresRefreshStore(pool))
    const { rows } = await pool.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE tablename LIKE 'bearer_%'`,
    )
    const tables = rows.map(({ name }) => pool.query(`SELECT * FROM ${name}`))
    const dump = JSON.stringify(await Promise.all(tables))
    expect(dump).toContain('"subject":"erin"')
    for (const token of tokens) expect(dump).not.toContain(token)
  })

  test('of Redis contains no usable token', async () => {
    const tokens = await useTokens(createRedisRefreshStore(ioRedis))
    const read = `local kind = redis.call('TYPE', KEYS[1]).ok
      if kind == 'hash' then return redis.call('HGETALL', KEYS[1]) end
      if kind == 'zset' then return redis.call('ZRANGE', KEYS[1], 0, -1) end
      return redis.call('GET', KEYS[1])`
    const keys = await ioRedis.keys('*')
    const values = await Promise.all(keys.map((key) => ioRedis.eval(read, 1, key)))
    const dump = JSON.stringify([keys, values])
    expect(dump).toContain('"subject","erin"')
    for (const token of tokens) expect(dump).not.toContain(token)
  })

  /** Issues, rotates, replays and revokes; returns every secret that was handed out. */
  async function useTokens(store: RefreshStore): Promise<string[]> {
    const issuer = issuerOn(store)
    const first = await issuer.issue('erin', { roles: ['Admin'] })
    const others = [
      await issuer.refresh(first.refreshToken),
      await issuer.refresh(first.refreshToken),
    ]
    const signedOut = await issuer.issue('erin')
    await issuer.revoke(signedOut.refreshToken)
    const all = [first, signedOut, ...others.flatMap((r) => (r.kind === 'success' ? r.tokens : []))]
    expect(all).toHaveLength(4)
    return all.flatMap(({ accessToken, refreshToken }) => [
      ...accessToken.split('.').slice(1),
      refreshToken.split('.')[1] ?? '',
    ])
  }
})
