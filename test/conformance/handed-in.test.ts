import { describe, expect, test } from 'vitest'
import { ConfigurationError, jwtBearer } from 'express-jwt-bearer'
import {
  checkRevocation,
  createKeyRing,
  createTokenIssuer,
  notRevoked,
} from 'express-jwt-bearer/issuer'
import { createSession } from 'express-jwt-bearer/session'
import { createTokenManager, createUserFetch } from 'express-jwt-bearer/tokens'
import { options } from '../support/tokens.js'

const nothing = () => Promise.resolve(undefined as never)
const tokenIssuer = (given: object) =>
  createTokenIssuer({ issuer: 'https://issuer.test', audience: 'api://orders', ...given })
const client = { timeout: 5, refresh: nothing, clientCredentials: nothing, revoke: nothing }

type Row = [what: string, name: string, methods: string[], build: (value: never) => unknown]

const rows: Row[] = [
  [
    'a cache of used tokens',
    'tokenValidationParameters.tokenReplayCache',
    ['addIfAbsent'],
    (tokenReplayCache) => jwtBearer(options({ tokenReplayCache })),
  ],
  [
    'a store of sessions of the issuer',
    'store',
    ['create', 'find', 'rotate', 'revokeFamily', 'revokeSubject', 'list', 'prune'],
    (store) => tokenIssuer({ store }),
  ],
  ['a deny list', 'denyList', ['deny', 'isDenied'], (denyList) => tokenIssuer({ denyList })],
  [
    'a key ring',
    'keys',
    ['signer', 'jwks', 'verifiers', 'rotate'],
    (keys) => tokenIssuer({ keys }),
  ],
  ['a store of keys', 'store', ['load', 'save'], (store) => createKeyRing({ store })],
  ['a deny list to check', 'denyList', ['isDenied'], (denyList) => checkRevocation(denyList)],
  ['a deny list to require', 'denyList', ['isDenied'], (denyList) => notRevoked(denyList)],
  [
    'a store of sign-ins',
    'store',
    ['get', 'set', 'replace', 'delete'],
    (store) => createSession({ login: () => undefined, store }),
  ],
  [
    'a store of user tokens',
    'store',
    ['storeToken', 'getToken', 'clearToken'],
    (store) => createTokenManager({ client, store }),
  ],
  [
    'a token client',
    'client',
    ['clientCredentials', 'revoke'],
    (methods: object) => createTokenManager({ client: { ...client, ...methods } }),
  ],
  [
    'a token manager',
    'manager',
    ['getAccessToken', 'onEvent'],
    (manager) => createUserFetch({ manager, baseUrl: 'https://api.test' }),
  ],
]

// As an instance of a class has them: not its own.
function withMethods(names: string[]): never {
  const prototype = Object.fromEntries(names.map((name) => [name, nothing]))
  return Object.create(prototype) as never
}

describe('what is handed in', () => {
  test.each(rows.filter(([what]) => what !== 'a token client'))(
    'may be any object with the methods of %s',
    (_what, _name, methods, build) => {
      expect(() => build(withMethods(methods))).not.toThrow()
    },
  )

  test.each(
    rows.flatMap(([what, name, methods, build]) =>
      methods.map((method) => ({ what, name, method, methods, build })),
    ),
  )('as $what is refused at once without $method', ({ name, method, methods, build }) => {
    const others = Object.fromEntries(methods.map((one) => [one, one === method ? 'no' : nothing]))
    const attempt = () => build(others as never)
    expect(attempt).toThrow(ConfigurationError)
    expect(attempt).toThrow(`"${name}" must be an object with `)
    expect(attempt).toThrow(`and lacks ${method}()`)
  })

  test.each(rows.filter(([what]) => what !== 'a token client'))(
    'as %s is refused at once when it is no object',
    (_what, name, _methods, build) => {
      for (const [value, kind] of [
        [null, 'null'],
        ['a secret text', 'a string'],
        [() => undefined, 'a function'],
      ] as const) {
        const attempt = () => build(value as never)
        expect(attempt).toThrow(ConfigurationError)
        expect(attempt).toThrow(`"${name}" must be `)
        expect(attempt).toThrow(`got ${kind}`)
      }
    },
  )

  test('as a store of user tokens may lock, by a function alone', () => {
    const store = { storeToken: nothing, getToken: nothing, clearToken: nothing }
    expect(() => createTokenManager({ client, store: { ...store, lock: nothing } })).not.toThrow()
    expect(() => createTokenManager({ client, store: { ...store, lock: true } as never })).toThrow(
      'and lacks lock()',
    )
  })
})

describe('without a clock', () => {
  test('Date.now is looked up at each call', async () => {
    const { readClock } = await import('../../src/core/option-checks.js')
    const clock = readClock(undefined)
    const original = Date.now
    try {
      Date.now = () => 42
      expect(clock()).toBe(42)
    } finally {
      Date.now = original
    }
    expect(clock()).toBeGreaterThan(42)
  })
})
