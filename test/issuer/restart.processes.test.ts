import { setTimeout as wait } from 'node:timers/promises'
import { symmetricKey } from 'express-jwt-bearer'
import { createTokenIssuer, type RefreshStore } from 'express-jwt-bearer/issuer'
import { createPostgresRefreshStore, createSchema } from 'express-jwt-bearer/postgres'
import { createRedisRefreshStore } from 'express-jwt-bearer/redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, expect, test } from 'vitest'
import type { Engine } from '../support/engine.js'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'

const postgres = await startPostgres()
const redis = await startRedis({ appendOnly: true })
const pool = new pg.Pool({ connectionString: postgres.url })
const ioRedis = new Redis(redis.url, { retryStrategy: () => 50 })
const nodeRedis = createClient({ url: redis.url, socket: { reconnectStrategy: 50 } })
const ignoreOutage = () => undefined
pool.on('error', ignoreOutage)
ioRedis.on('error', ignoreOutage)
nodeRedis.on('error', ignoreOutage)
await nodeRedis.connect()
await createSchema(pool)

afterAll(async () => {
  await pool.end()
  ioRedis.disconnect()
  nodeRedis.destroy()
  await postgres.stop()
  await redis.stop()
})

async function rotateThroughACrash(store: RefreshStore, engine: Engine) {
  const issuer = createTokenIssuer({
    issuer: 'https://issuer.example',
    audience: 'api',
    keys: symmetricKey('a secret of the tests that is long enough'),
    store,
  })
  const refused: string[] = []
  let rotations = 0
  let isOver = false

  // A client that tries again with the token it holds when it gets no answer.
  async function client(subject: string) {
    let { refreshToken } = await issuer.issue(subject)
    while (!isOver) {
      try {
        const result = await issuer.refresh(refreshToken)
        if (result.kind === 'success') refreshToken = result.tokens.refreshToken
        else return refused.push(result.reason)
        rotations++
      } catch {
        await wait(20)
      }
    }
    return refreshToken
  }

  const clients = Array.from({ length: 16 }, (_, index) => client(`user ${String(index)}`))
  await wait(300)
  await engine.kill()
  const before = rotations
  await wait(100)
  await engine.restart()
  await expect.poll(() => rotations, { timeout: 10_000 }).toBeGreaterThan(before + 50)
  isOver = true
  await Promise.all(clients)
  return refused
}

test('PostgreSQL killed in the middle of rotations loses none of them', async () => {
  expect(await rotateThroughACrash(createPostgresRefreshStore(pool), postgres)).toEqual([])
}, 60_000)

test.each([
  ['node-redis', createRedisRefreshStore(nodeRedis)],
  ['ioredis', createRedisRefreshStore(ioRedis)],
])(
  'Redis with `appendfsync always`, killed under %s, loses no rotation',
  async (_name, store) => {
    expect(await rotateThroughACrash(store, redis)).toEqual([])
  },
  60_000,
)
