import { ConfigurationError } from 'express-jwt-bearer'
import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
  createPostgresSessionStore,
  createPostgresUserTokenStore,
  createSchema,
  type PostgresClient,
} from 'express-jwt-bearer/postgres'
import { describe, expect, test } from 'vitest'

const notAClient = {} as PostgresClient
const client: PostgresClient = { query: () => Promise.resolve({ rows: [] }) }

describe.each([
  ['createPostgresRefreshStore', createPostgresRefreshStore],
  ['createPostgresDenyList', createPostgresDenyList],
  ['createPostgresKeyRingStore', createPostgresKeyRingStore],
  ['createPostgresSessionStore', createPostgresSessionStore],
  ['createPostgresUserTokenStore', createPostgresUserTokenStore],
])('%s', (_name, create) => {
  test.each([
    ['an object without query()', notAClient],
    ['nothing', undefined as unknown as PostgresClient],
  ])('refuses %s as client', (_case, wrong) => {
    expect(() => create(wrong)).toThrow(ConfigurationError)
    expect(() => create(wrong)).toThrow('"client" must be a PostgreSQL client')
  })

  test('accepts whatever has query()', () => {
    expect(() => create(client)).not.toThrow()
  })
})

describe('createSchema', () => {
  test('refuses what is no client', async () => {
    await expect(createSchema(notAClient)).rejects.toThrow(ConfigurationError)
  })
})

test.each([
  ['a key ring without a name', () => createPostgresKeyRingStore(client, { name: '' })],
  [
    'a key ring with a misspelt option',
    () => createPostgresKeyRingStore(client, { Name: 'a' } as object),
  ],
  ['a negative idle lifetime', () => createPostgresUserTokenStore(client, { idleLifetime: -1 })],
  [
    'user tokens with a misspelt option',
    () => createPostgresUserTokenStore(client, { ttl: 1 } as object),
  ],
])('%s is refused', (_case, create) => {
  expect(create).toThrow(ConfigurationError)
})
