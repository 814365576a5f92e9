import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as core from 'express-jwt-bearer'
import { codeOf } from '../../src/core/errors.js'
import { marker } from '../support/tokens.js'

const date = new Date('2030-01-01T00:00:00Z')
const cause = new Error(marker)

const errors: [string, core.AuthError, string][] = [
  ['ConfigurationError', new core.ConfigurationError('"x" is wrong'), 'ERR_CONFIGURATION'],
  [
    'MetadataUnavailableError',
    new core.MetadataUnavailableError('away'),
    'ERR_METADATA_UNAVAILABLE',
  ],
  ['BearerRequestError', new core.BearerRequestError(), 'ERR_BEARER_REQUEST_INVALID'],
  ['TokenMalformedError', new core.TokenMalformedError(), 'ERR_TOKEN_MALFORMED'],
  ['TokenTypeInvalidError', new core.TokenTypeInvalidError(), 'ERR_TOKEN_TYPE_INVALID'],
  [
    'AlgorithmNotAllowedError',
    new core.AlgorithmNotAllowedError(),
    'ERR_TOKEN_ALGORITHM_NOT_ALLOWED',
  ],
  ['SigningKeyNotFoundError', new core.SigningKeyNotFoundError(), 'ERR_TOKEN_KEY_NOT_FOUND'],
  ['SignatureInvalidError', new core.SignatureInvalidError(), 'ERR_TOKEN_SIGNATURE_INVALID'],
  ['IssuerInvalidError', new core.IssuerInvalidError({ cause }), 'ERR_TOKEN_ISSUER_INVALID'],
  ['AudienceInvalidError', new core.AudienceInvalidError({ cause }), 'ERR_TOKEN_AUDIENCE_INVALID'],
  ['LifetimeMissingError', new core.LifetimeMissingError(), 'ERR_TOKEN_LIFETIME_MISSING'],
  ['LifetimeInvalidError', new core.LifetimeInvalidError({ cause }), 'ERR_TOKEN_LIFETIME_INVALID'],
  ['TokenExpiredError', new core.TokenExpiredError(date), 'ERR_TOKEN_EXPIRED'],
  ['TokenNotYetValidError', new core.TokenNotYetValidError(date), 'ERR_TOKEN_NOT_YET_VALID'],
  ['TokenReplayedError', new core.TokenReplayedError(), 'ERR_TOKEN_REPLAYED'],
  ['TokenRevokedError', new core.TokenRevokedError(), 'ERR_TOKEN_REVOKED'],
  ['ClaimInvalidError', new core.ClaimInvalidError({ cause }), 'ERR_TOKEN_CLAIM_INVALID'],
  ['TokenRejectedError', new core.TokenRejectedError('not today', { cause }), 'ERR_TOKEN_REJECTED'],
]
const ofCallers = errors.slice(2)

describe('the errors', () => {
  test.each(errors)('have a name, a code and a base to ask for: %s', (name, error, code) => {
    expect(error.name).toBe(name)
    expect(error.constructor.name).toBe(name)
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(core.AuthError)
    expect(error).toBeInstanceOf(Error)
    expect(error instanceof core.TokenError).toBe(code.startsWith('ERR_TOKEN_'))
    expect(String(error)).toBe(`${name}: ${error.message}`)
  })

  test.each(ofCallers)(
    'that callers provoke carry one line and no cause to the log: %s',
    (name, error, code) => {
      expect(error.stack).toBe(`${name}: ${error.message}`)
      expect(inspect(error, { depth: null })).toBe(`${name} [${code}]: ${error.message}`)
      expect(JSON.stringify(error)).not.toContain(marker)
    },
  )

  test('leave the stack of other errors as deep as it was', () => {
    const { stackTraceLimit } = Error
    new core.TokenMalformedError()
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
    expect(new core.ConfigurationError('x').stack).toContain('errors.test.ts')
  })

  test('keep their cause for handlers', () => {
    expect(new core.ClaimInvalidError({ cause }).cause).toBe(cause)
    expect(new core.ConfigurationError('x', { cause }).cause).toBe(cause)
    expect('cause' in new core.ClaimInvalidError()).toBe(false)
  })

  test('name the instants of exp and nbf', () => {
    const expired = new core.TokenExpiredError(date)
    expect(expired.expiredAt).toBe(date)
    expect(expired.message).toBe("The token expired at '2030-01-01T00:00:00.000Z'")
    const early = new core.TokenNotYetValidError(date)
    expect(early.validFrom).toBe(date)
    expect(early.message).toBe("The token is not valid before '2030-01-01T00:00:00.000Z'")
  })

  test('say that a token was rejected when no reason is given', () => {
    expect(new core.TokenRejectedError().message).toBe('The token was rejected')
    expect(new core.TokenRejectedError('not today').message).toBe('not today')
  })

  test.each([
    [undefined, 1],
    [0, 1],
    [0.2, 1],
    [1.2, 2],
    [30, 30],
  ])(
    'count the time until the next attempt in whole seconds of at least one: %s',
    (retryAfter, expected) => {
      expect(new core.MetadataUnavailableError('away', { retryAfter }).retryAfter).toBe(expected)
    },
  )

  test.each<[string, Error, string | undefined]>([
    ['one of ours', new core.TokenMalformedError(), 'ERR_TOKEN_MALFORMED'],
    ["one of Node's", Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['one without a code', new Error('x'), undefined],
    ['one with a number for a code', Object.assign(new Error('x'), { code: 5 }), undefined],
  ])('tell their code to diagnostics: %s', (_case, error, expected) => {
    expect(codeOf(error)).toBe(expected)
  })
})
