import { describe, expect, test } from 'vitest'
import { ConfigurationError, jwtBearer } from 'express-jwt-bearer'
import { createKeyRing, createTokenIssuer } from 'express-jwt-bearer/issuer'
import { createPostgresUserTokenStore } from 'express-jwt-bearer/postgres'
import { createRedisRefreshStore, createRedisUserTokenStore } from 'express-jwt-bearer/redis'
import { createSession } from 'express-jwt-bearer/session'
import { createTokenManager, openidClient } from 'express-jwt-bearer/tokens'
import { options } from '../support/tokens.js'

const day = 86_400
const nothing = () => Promise.resolve(undefined as never)
const tokenIssuer = (given: object) =>
  createTokenIssuer({ issuer: 'https://issuer.test', audience: 'api://orders', ...given })
const client = { timeout: 5, refresh: nothing, clientCredentials: nothing, revoke: nothing }
const redis = { eval: nothing, evalSha: nothing }
const login = () => undefined

type Row = [name: string, most: number, build: (seconds: number) => unknown]

const parameter = (name: string, most: number): Row => [
  `tokenValidationParameters.${name}`,
  most,
  (seconds) => jwtBearer(options({ [name]: seconds })),
]
const option = (name: string, most: number): Row => [
  name,
  most,
  (seconds) => jwtBearer(options({}, { [name]: seconds })),
]
const ofIssuer = (name: string, most: number): Row => [
  name,
  most,
  (seconds) => tokenIssuer({ [name]: seconds }),
]
const ofKeyRing = (name: string, most: number): Row => [
  name,
  most,
  (seconds) => createKeyRing({ announce: 0, sign: 3650 * day, [name]: seconds }),
]

describe('durations', () => {
  test.each<Row>([
    parameter('clockSkew', 3600),
    parameter('maxTokenAge', 400 * day),
    option('backchannelTimeout', 300),
    option('refreshInterval', day),
    option('automaticRefreshInterval', 31 * day),
    option('lastKnownGoodLifetime', 31 * day),
    ['tokenCache.maxAge', day, (maxAge) => jwtBearer(options({}, { tokenCache: { maxAge } }))],
    ofIssuer('accessTokenLifetime', day),
    ofIssuer('idleLifetime', 400 * day),
    ofIssuer('absoluteLifetime', 400 * day),
    ofIssuer('clockSkew', 3600),
    ofKeyRing('sign', 3650 * day),
    ofKeyRing('retain', 3650 * day),
    ofKeyRing('refreshInterval', 3600),
    ['maxAge', 400 * day, (maxAge) => createSession({ login, maxAge })],
    ['refreshBefore', day, (refreshBefore) => createSession({ login, refreshBefore })],
    ['buffer', day, (buffer) => createTokenManager({ client, buffer })],
    ['config.timeout', 300, (timeout) => openidClient({ timeout } as never)],
    ['reuseInterval', 60, (reuseInterval) => createRedisRefreshStore(redis, { reuseInterval })],
    [
      'idleLifetime',
      400 * day,
      (idleLifetime) => createRedisUserTokenStore(redis, { idleLifetime }),
    ],
    [
      'idleLifetime',
      400 * day,
      (idleLifetime) => createPostgresUserTokenStore({ query: nothing }, { idleLifetime }),
    ],
  ])('such as %s are %d seconds at most', (name, most, build) => {
    expect(() => build(most)).not.toThrow()
    for (const seconds of [most + 0.001, most * 1000]) {
      expect(() => build(seconds)).toThrow(ConfigurationError)
      expect(() => build(seconds)).toThrow(
        `"${name}" must be at most ${most} seconds, got ${seconds}; seconds, not milliseconds?`,
      )
    }
  })

  test('such as the announcement of a key are bounded by themselves', () => {
    expect(() => createKeyRing({ announce: 3649 * day, sign: 3650 * day })).not.toThrow()
    expect(() => createKeyRing({ announce: 3650 * day + 1 })).toThrow(
      '"announce" must be at most 315360000 seconds, got 315360001; seconds, not milliseconds?',
    )
  })
})
