import { PGlite } from '@electric-sql/pglite'
import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
  createPostgresReplayCache,
  createPostgresSessionStore,
  createPostgresUserTokenStore,
  type PostgresClient,
} from 'express-jwt-bearer/postgres'
import {
  denyListContract,
  keyRingStoreContract,
  refreshStoreContract,
  replayCacheContract,
  sessionStoreContract,
  userTokenStoreContract,
  type ContractCase,
} from 'express-jwt-bearer/testing'
import pg from 'pg'
import { afterAll, describe, test } from 'vitest'
import { startPostgres } from '../support/postgres.js'
import { searchPath, shiftedClock } from './shifted-clock.js'

const engine = await startPostgres()
const pool = new pg.Pool({
  connectionString: engine.url,
  options: `-c search_path=${searchPath.replaceAll(' ', '')}`,
})
const lite = new PGlite()
await lite.query(`SET search_path = ${searchPath}`)

afterAll(async () => {
  await lite.close()
  await pool.end()
  await engine.stop()
})

function runs(cases: readonly ContractCase[]) {
  for (const each of cases) test(each.name, () => each.run())
}

let rings = 0

describe.each([
  ['pg', await shiftedClock(pool)],
  ['PGlite', await shiftedClock(lite)],
])('on %s', (_name, { client, passTime, resetTime }) => {
  const opens =
    <T>(create: (client: PostgresClient) => T) =>
    () => ({ subject: create(client), passTime })

  describe('createPostgresRefreshStore', () => {
    runs(refreshStoreContract(opens(createPostgresRefreshStore)))
  })
  describe('createPostgresDenyList', () => {
    runs(denyListContract(opens(createPostgresDenyList)))
  })
  describe('createPostgresKeyRingStore', () => {
    const newRing = () => createPostgresKeyRingStore(client, { name: `ring ${String(++rings)}` })
    runs(keyRingStoreContract(() => ({ subject: newRing() })))
  })
  describe('createPostgresReplayCache', () => {
    runs(
      replayCacheContract(async () => {
        await resetTime()
        return { subject: createPostgresReplayCache(client), passTime }
      }),
    )
  })
  describe('createPostgresSessionStore', () => {
    // A session's end is an instant and not a duration, so each case begins at the real time.
    runs(
      sessionStoreContract(async () => {
        await resetTime()
        return { subject: createPostgresSessionStore(client), passTime }
      }),
    )
  })
  describe('createPostgresUserTokenStore', () => {
    runs(userTokenStoreContract(opens(createPostgresUserTokenStore)))
  })
})
