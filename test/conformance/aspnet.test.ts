import {
  createAuthorization,
  createPrincipal,
  TokenExpiredError,
  AudienceInvalidError,
  type JwtBearerEvents,
  type PolicyBuilder,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'
import { ask } from '../support/ask.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const good = `Bearer ${await issuer.token({ sub: 'alice' })}`
const expired = `Bearer ${await issuer.token({ exp: 1000000000 })}`
const wrongAudience = `Bearer ${await issuer.wrongAudience()}`
const wrongIssuer = `Bearer ${await issuer.wrongIssuer()}`
const unsigned = `Bearer ${await issuer.unsigned()}`
const carol = createPrincipal({ sub: 'carol' })
const invalid = '401 Bearer error="invalid_token"'

const on = (name: keyof JwtBearerEvents, run: (context: never) => unknown): JwtBearerEvents => ({
  [name]: run,
})

describe('as JwtBearerHandler does', () => {
  test.each<
    [rule: string, events: JwtBearerEvents, authorization: string | undefined, answer: string]
  >([
    ['no header gives no result', {}, undefined, '401 Bearer'],
    ['an empty Bearer gives no result', {}, 'Bearer   ', '401 Bearer'],
    ['another scheme gives no result', {}, 'Token abc', '401 Bearer'],
    [
      'the prefix is compared without regard to case',
      {},
      good.replace('Bearer', 'bearer'),
      '200 alice',
    ],
    [
      'a result of MessageReceived ends the walk',
      on('onMessageReceived', (c: { success(p: object): void }) => {
        c.success(carol)
      }),
      'Bearer x',
      '200 carol',
    ],
    [
      'a token of MessageReceived wins over the header',
      on('onMessageReceived', (c: { token: string }) => {
        c.token = good.slice(7)
      }),
      expired,
      '200 alice',
    ],
    [
      'TokenValidated may replace the principal',
      on('onTokenValidated', (c: { principal: object }) => {
        c.principal = carol
      }),
      good,
      '200 carol',
    ],
    [
      'TokenValidated may refuse without a description',
      on('onTokenValidated', (c: { fail(r: string): void }) => {
        c.fail('secret reason')
      }),
      good,
      invalid,
    ],
    [
      'TokenValidated may make the caller anonymous',
      on('onTokenValidated', (c: { noResult(): void }) => {
        c.noResult()
      }),
      good,
      '401 Bearer',
    ],
    [
      'AuthenticationFailed may recover',
      on('onAuthenticationFailed', (c: { success(p: object): void }) => {
        c.success(carol)
      }),
      expired,
      '200 carol',
    ],
    [
      'AuthenticationFailed may make the caller anonymous',
      on('onAuthenticationFailed', (c: { noResult(): void }) => {
        c.noResult()
      }),
      expired,
      '401 Bearer',
    ],
    [
      'AuthenticationFailed may replace the exception',
      on('onAuthenticationFailed', (c: { error: Error }) => {
        c.error = new Error('mine')
      }),
      expired,
      invalid,
    ],
    [
      'several failures are joined by a semicolon',
      on('onAuthenticationFailed', (c: { error: Error }) => {
        c.error = new AggregateError([
          new AudienceInvalidError(),
          new TokenExpiredError(new Date(0)),
        ])
      }),
      expired,
      `${invalid}, error_description="The audience is invalid; The token expired at '1970-01-01T00:00:00.000Z'"`,
    ],
    [
      'an exception of an event becomes a 500',
      on('onTokenValidated', () => {
        throw new Error('out of order')
      }),
      good,
      '500',
    ],
    [
      'AuthenticationFailed recovers from an exception of an event',
      {
        onTokenValidated: () => {
          throw new Error('out of order')
        },
        onAuthenticationFailed: (c) => {
          c.success(carol)
        },
      },
      good,
      '200 carol',
    ],
    [
      'Challenge may set the parameters without a failure',
      on('onChallenge', (c: { error: string; errorUri: string }) => {
        c.error = 'e'
        c.errorUri = 'u'
      }),
      undefined,
      '401 Bearer error="e", error_uri="u"',
    ],
    [
      'a status that Challenge sets is overwritten',
      on('onChallenge', (c: { res: { status(code: number): void } }) => {
        c.res.status(418)
      }),
      undefined,
      '401 Bearer',
    ],
    [
      'HandleResponse leaves the status alone',
      on('onChallenge', (c: { handleResponse(): void; res: { json(body: object): void } }) => {
        c.handleResponse()
        c.res.json({ user: 'x' })
      }),
      undefined,
      '200 x',
    ],
  ])('%s', async (_rule, events, authorization, expected) => {
    expect(await ask({ ...issuer.options, events }, authorization)).toBe(expected)
  })

  test('Forbidden finds the status set already, and no WWW-Authenticate is written', async () => {
    const events: JwtBearerEvents = {
      onForbidden: (context) => {
        context.res.json({ user: String(context.res.statusCode) })
      },
    }
    expect(await ask({ ...issuer.options, events }, good, { roles: 'Admin' })).toBe('403 403')
    expect(await ask(issuer.options, good, { roles: 'Admin' })).toBe('403')
  })
})

describe('unlike JwtBearerHandler, on purpose', () => {
  test.each<[deviation: string, authorization: string, answer: string]>([
    ['a malformed header is a 400', 'Bearer a b', '400 Bearer error="invalid_request"'],
    [
      'the values of audiences are not repeated',
      wrongAudience,
      `${invalid}, error_description="The audience is invalid"`,
    ],
    [
      'the values of issuers are not repeated',
      wrongIssuer,
      `${invalid}, error_description="The issuer is invalid"`,
    ],
    [
      'instants are written as ISO 8601',
      expired,
      `${invalid}, error_description="The token expired at '2001-09-09T01:46:40.000Z'"`,
    ],
    ['an unsigned token has no description', unsigned, invalid],
  ])('%s', async (_deviation, authorization, expected) => {
    expect(await ask(issuer.options, authorization)).toBe(expected)
  })

  test('a missing scope is named with insufficient_scope', async () => {
    expect(await ask(issuer.options, good, (policy) => policy.requireScope('x'))).toBe(
      '403 Bearer error="insufficient_scope", scope="x"',
    )
  })

  test('a realm does not bring a second comma along', async () => {
    expect(await ask({ ...issuer.options, realm: 'x' }, 'Bearer y')).toBe(
      '401 Bearer realm="x", error="invalid_token"',
    )
  })
})

describe('as the authorization service does', () => {
  const { evaluate } = createAuthorization()
  const user = createPrincipal({ sub: 'a', name: 'Ann', roles: ['Admin'], scope: 'a b', plan: 'x' })
  type Row = [rule: string, build: (policy: PolicyBuilder) => unknown, succeeded: boolean]

  test.each<Row>([
    ['roles in one call are alternatives', (p) => p.requireRole('User', 'Admin'), true],
    ['calls add up', (p) => p.requireRole('User').requireRole('Admin'), false],
    ['a claim of any value will do', (p) => p.requireClaim('plan'), true],
    ['values of a claim are alternatives', (p) => p.requireClaim('plan', 'y', 'x'), true],
    ['values compare exactly', (p) => p.requireClaim('plan', 'X'), false],
    ['names compare exactly', (p) => p.requireUserName('ann'), false],
    [
      'one Fail beats every success',
      (p) =>
        p.requireRole('Admin').requireAssertion((c) => {
          c.fail('no')
          return true
        }),
      false,
    ],
  ])('%s', async (_rule, build, succeeded) => {
    expect((await evaluate(build, user)).succeeded).toBe(succeeded)
  })

  test.each<Row>([
    ['names of claims compare exactly', (p) => p.requireClaim('PLAN'), false],
    ['one scope of a list is found', (p) => p.requireScope('b'), true],
    ['a policy without requirements asks for a caller', () => undefined, true],
  ])('but, on purpose, %s', async (_rule, build, succeeded) => {
    expect((await evaluate(build, user)).succeeded).toBe(succeeded)
    expect((await evaluate(build, undefined)).succeeded).toBe(false)
  })

  test('an empty list of roles cannot be built', () => {
    expect(() => createAuthorization({ defaultPolicy: (p) => p.requireRole() })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })

  test('failed requirements stay listed beside a Fail, on purpose', async () => {
    const result = await evaluate(
      (p) =>
        p.requireRole('User').requireAssertion((context) => {
          context.fail('closed')
          return false
        }),
      user,
    )
    expect(result.failedRequirements.map(({ name }) => name)).toEqual([
      'requireRole',
      'requireAssertion',
    ])
    expect(result.reasons).toEqual(['closed'])
  })
})
