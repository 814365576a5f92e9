import { symmetricKey } from 'express-jwt-bearer'
import { createTokenIssuer, type RefreshStore } from 'express-jwt-bearer/issuer'
import { createPostgresRefreshStore, createSchema } from 'express-jwt-bearer/postgres'
import { createRedisRefreshStore } from 'express-jwt-bearer/redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
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

const absoluteLifetime = 20

describe('a session that is refreshed without a pause', () => {
  test.concurrent.each([
    ['PostgreSQL', createPostgresRefreshStore(pool)],
    ['Redis', createRedisRefreshStore(ioRedis)],
  ])(
    'ends at its absolute lifetime on %s, after more than 1,000 rotations',
    async (_name, store: RefreshStore) => {
      const issuer = createTokenIssuer({
        issuer: 'https://issuer.example',
        audience: 'api',
        keys: symmetricKey('a secret of the tests that is long enough'),
        store,
        absoluteLifetime,
      })
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
      expect(result.reason).toBe('expired')
      expect(rotations).toBeGreaterThan(1000)
      expect(lastExp).toBeLessThanOrEqual(Math.ceil(end.getTime() / 1000))
      expect(elapsed).toBeGreaterThan(absoluteLifetime - 0.1)
      expect(elapsed).toBeLessThan(absoluteLifetime + 2)
    },
    60_000,
  )
})
