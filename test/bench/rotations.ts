import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createClient } from 'redis'
import { createMemoryRefreshStore, type RefreshStore } from '../../src/issuer/index.js'
import {
  createPostgresRefreshStore,
  createSchema,
  type PostgresClient,
} from '../../src/postgres/index.js'
import { createRedisRefreshStore } from '../../src/redis/index.js'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'

const seconds = 3
const workers = 32

interface Row {
  readonly store: string
  readonly 'rotations/s': number
  /** What the engine itself can do: one small write that it makes durable. */
  readonly 'raw writes/s': number | string
}

/** Prints how many rotations per second each store does, beside the cost of a raw write there. */
export async function run(): Promise<void> {
  const memory = await rotations(createMemoryRefreshStore({ maxSessions: 1_000_000 }))
  const rows: Row[] = [
    { store: 'memory', 'rotations/s': memory, 'raw writes/s': '-' },
    ...(await onPGlite()),
    ...(await onPostgres()),
    ...(await onRedis(false)),
    ...(await onRedis(true)),
  ]
  console.log(
    `${String(workers)} workers, each with a session of its own, for ${String(seconds)} s`,
  )
  console.table(rows)
}

async function onPGlite(): Promise<Row[]> {
  const client = new PGlite()
  const row = await onSql('PGlite in memory', client)
  await client.close()
  return [row]
}

async function onPostgres(): Promise<Row[]> {
  const engine = await startPostgres()
  const pool = new pg.Pool({ connectionString: engine.url, max: workers })
  const row = await onSql('PostgreSQL, fsync on', pool)
  await pool.end()
  await engine.stop()
  return [row]
}

async function onSql(store: string, client: PostgresClient): Promise<Row> {
  await createSchema(client)
  await client.query('CREATE TABLE raw (id int PRIMARY KEY, n int NOT NULL)')
  await client.query('INSERT INTO raw SELECT n, 0 FROM generate_series(1, $1::int) AS n', [workers])
  const raw = await perSecond(async (worker) => {
    await client.query('UPDATE raw SET n = n + 1 WHERE id = $1', [worker + 1])
  })
  const done = await rotations(createPostgresRefreshStore(client))
  return { store, 'rotations/s': done, 'raw writes/s': raw }
}

async function onRedis(appendOnly: boolean): Promise<Row[]> {
  const engine = await startRedis({ appendOnly })
  const nodeRedis = await createClient({ url: engine.url }).connect()
  const ioRedis = new Redis(engine.url)
  const suffix = appendOnly ? ', appendfsync always' : ''
  const rows: Row[] = []
  for (const [name, client] of [
    ['node-redis', nodeRedis],
    ['ioredis', ioRedis],
  ] as const) {
    const raw = await perSecond(async (worker) => {
      await client.set(`raw:${String(worker)}`, 'value')
    })
    const done = await rotations(createRedisRefreshStore(client))
    rows.push({ store: `Redis, ${name}${suffix}`, 'rotations/s': done, 'raw writes/s': raw })
  }
  nodeRedis.destroy()
  ioRedis.disconnect()
  await engine.stop()
  return rows
}

async function rotations(store: RefreshStore): Promise<number> {
  const lifetime = 3600
  const sessions = Array.from({ length: workers }, () => ({ id: random(16), hash: random(32) }))
  for (const { id, hash } of sessions) {
    const family = { id, subject: id, clientId: 'bench', claims: {}, meta: {}, lifetime }
    await store.create(family, { hash, idleLifetime: lifetime })
  }
  return perSecond(async (worker) => {
    const session = sessions[worker]
    if (!session) throw new Error('a worker without a session')
    const successor = { hash: random(32), idleLifetime: lifetime, sealed: random(90) }
    const rotated = await store.rotate({ familyId: session.id, hash: session.hash }, successor)
    if (!rotated) throw new Error('a rotation was refused')
    session.hash = successor.hash
  })
}

async function perSecond(once: (worker: number) => Promise<void>): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  const counts = Array.from({ length: workers }, async (_, worker) => {
    let count = 0
    // The memory store never leaves the microtask queue, but the clock runs all the same.
    for (; performance.now() < end; count++) await once(worker)
    return count
  })
  const total = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  return Math.round((total * 1000) / (performance.now() - start))
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
