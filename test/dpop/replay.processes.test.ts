import { createSchema } from 'express-jwt-bearer/postgres'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../support/postgres.js'
import { startProvingProcess } from '../support/proving-processes.js'
import { startRedis } from '../support/redis.js'
import { K, proofOf } from './set-up.js'

const postgres = await startPostgres()
const redis = await startRedis()
const pool = new pg.Pool({ connectionString: postgres.url })
await createSchema(pool)

afterAll(async () => {
  await pool.end()
  await postgres.stop()
  await redis.stop()
})

describe.each([
  ['PostgreSQL', postgres.url],
  ['Redis', redis.url],
])('four processes that share %s', { timeout: 60_000 }, (_name, url) => {
  test('let one of 200 uses of one proof in, each time', async () => {
    const processes = await Promise.all(Array.from({ length: 4 }, () => startProvingProcess(url)))
    for (let round = 0; round < 5; round += 1) {
      const claims = { iat: Math.floor(Date.now() / 1000), jti: `${url} ${String(round)}` }
      const task = { proof: proofOf({ claims }), thumbprint: K.thumbprint, times: 50 }
      const outcomes = (await Promise.all(processes.map((each) => each.check(task)))).flat()
      expect(outcomes.filter((one) => one === 'proved')).toHaveLength(1)
      expect(outcomes.filter((one) => one === 'ERR_PROOF_REPLAYED')).toHaveLength(199)
    }
    for (const each of processes) each.kill()
  })
})
