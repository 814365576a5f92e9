import { ConfigurationError } from 'express-jwt-bearer'
import {
  createRedisDenyList,
  createRedisKeyRingStore,
  createRedisRefreshStore,
  createRedisReplayCache,
  createRedisSessionStore,
  createRedisUserTokenStore,
  type RedisClient,
} from 'express-jwt-bearer/redis'
import { describe, expect, test } from 'vitest'

const client: RedisClient = {
  eval: () => Promise.resolve(null),
  evalsha: () => Promise.resolve(null),
}

describe.each([
  ['createRedisRefreshStore', createRedisRefreshStore],
  ['createRedisDenyList', createRedisDenyList],
  ['createRedisKeyRingStore', createRedisKeyRingStore],
  ['createRedisReplayCache', createRedisReplayCache],
  ['createRedisSessionStore', createRedisSessionStore],
  ['createRedisUserTokenStore', createRedisUserTokenStore],
])('%s', (_name, create) => {
  test.each([
    ['an object without scripts', {} as RedisClient],
    ['nothing', undefined as unknown as RedisClient],
  ])('refuses %s as client', (_case, wrong) => {
    expect(() => create(wrong)).toThrow(ConfigurationError)
    expect(() => create(wrong)).toThrow('"client" must be a client of redis or ioredis')
  })

  test('refuses an empty prefix and a misspelt option', () => {
    expect(() => create(client, { prefix: '' })).toThrow('"prefix" must be a non-empty string')
    expect(() => create(client, { keyPrefix: 'a' } as object)).toThrow('"keyPrefix"')
  })

  test('accepts options that are not given', () => {
    expect(() => create(client, { prefix: undefined })).not.toThrow()
  })
})

test.each([
  ['reuse interval', () => createRedisRefreshStore(client, { reuseInterval: -1 })],
  ['idle lifetime', () => createRedisUserTokenStore(client, { idleLifetime: -1 })],
])('a negative %s is refused', (_case, create) => {
  expect(create).toThrow(ConfigurationError)
})

test('a key ring without a name is refused', () => {
  expect(() => createRedisKeyRingStore(client, { name: '' })).toThrow(
    '"name" must be a non-empty string',
  )
})
