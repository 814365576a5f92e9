import { Redis } from 'ioredis'
import pg from 'pg'
import { dpop } from '../../src/dpop/index.js'
import { createPostgresReplayCache } from '../../src/postgres/index.js'
import { createRedisReplayCache } from '../../src/redis/index.js'
import { outcomeOf, publicUrl, useOf } from '../dpop/set-up.js'
import type { ProvingTask } from './proving-processes.js'

const [url = ''] = process.argv.slice(2)

const replayCache = url.startsWith('redis:')
  ? createRedisReplayCache(new Redis(url))
  : createPostgresReplayCache(new pg.Pool({ connectionString: url }))
const proofs = dpop({ publicUrl, replayCache })

process.on('message', ({ proof, thumbprint, times }: ProvingTask) => {
  const uses = Array.from({ length: times }, () =>
    outcomeOf(proofs, useOf(proof, { thumbprint, clock: Date.now })),
  )
  void Promise.all(uses).then((outcomes) => process.send?.(outcomes))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
