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
import { afterAll, describe, test } from 'vitest'
import { openShiftedDatabases } from './shifted-clock.js'

const { databases, close } = await openShiftedDatabases()

afterAll(close)

function runs(cases: readonly ContractCase[]) {
  for (const each of cases) test(each.name, () => each.run())
}

let rings = 0

describe.each(databases)('on %s', (_name, { client, passTime, resetTime }) => {
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
