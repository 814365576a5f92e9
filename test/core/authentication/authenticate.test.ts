import { describe, expect, test, vi } from 'vitest'
import {
  createPrincipal,
  jwtBearer,
  TokenRevokedError,
  type JwtBearerEvents,
  type MessageReceivedContext,
} from 'express-jwt-bearer'
import { claimsOf, hs256, judge, options, outcomeOf, secret, sign } from '../../support/tokens.js'

const good = hs256()
const bad = hs256({ aud: 'api://another' })
const invalid = 'ERR_TOKEN_AUDIENCE_INVALID'
const robot = createPrincipal({ sub: 'robot' })

function walk(events: JwtBearerEvents, authorization: string | undefined = `Bearer ${good}`) {
  return jwtBearer(options({}, { events })).authenticate({ headers: { authorization } })
}

const fails = () => {
  throw new TypeError('broken handler')
}
const rejectWith = (thrown: unknown) =>
  new Promise((_resolve, reject: (reason: Error) => void) => {
    reject(thrown as Error)
  })
const rejects = () => Promise.reject(new TypeError('broken handler'))

describe('authenticate() outside Express', () => {
  test('answers for everything that has headers', async () => {
    const middleware = jwtBearer(options())
    expect(
      outcomeOf(await middleware.authenticate({ headers: { authorization: `Bearer ${good}` } })),
    ).toBe('success')
    expect(outcomeOf(await middleware.authenticate({ headers: {} }))).toBe('none')
    expect(outcomeOf(await middleware.authenticate({ headers: { authorization: 'Bearer' } }))).toBe(
      'none',
    )
    expect(
      outcomeOf(await middleware.authenticate({ headers: { authorization: 'Bearer a b' } })),
    ).toBe('ERR_BEARER_REQUEST_INVALID')
  })

  test.each([
    ['nothing', undefined],
    ['no headers', {}],
    ['headers that are null', { headers: null }],
  ])('never rejects, not even for %s', async (_case, request) => {
    const result = await jwtBearer(options()).authenticate(request as never)
    expect(outcomeOf(result)).toBe('TypeError')
  })

  test('shows events the object it was given, the scheme and the options', async () => {
    const request = { headers: { authorization: `Bearer ${good}` }, url: '/socket' }
    const onMessageReceived = vi.fn<(context: MessageReceivedContext) => void>()
    const given = options({}, { events: { onMessageReceived }, scheme: 'Socket' })
    await jwtBearer(given).authenticate(request)
    const [[context]] = onMessageReceived.mock.calls as [[MessageReceivedContext]]
    expect(context.req).toBe(request)
    expect(context.scheme).toBe('Socket')
    expect(context.options).toBe(given)
    expect(context.token).toBe(good)
  })

  test.each(['onMessageReceived', 'onTokenValidated'])(
    'says in %s that there is no response',
    async (name) => {
      const result = await walk({ [name]: (context: MessageReceivedContext) => context.res.end() })
      expect(result).toMatchObject({ kind: 'failure', error: { name: 'TypeError' } })
      expect((result as { error: Error }).error.message).toBe(
        'There is no response outside Express: authenticate() was given a request alone',
      )
    },
  )

  test('is ready at once with keys at hand', async () => {
    await expect(jwtBearer(options()).ready()).resolves.toBeUndefined()
  })
})

describe('onMessageReceived', () => {
  test.each<[string, (context: MessageReceivedContext) => unknown, string | undefined, string]>([
    ['a token of its own, without a header', (c) => (c.token = good), undefined, 'success'],
    ['a token of its own, before the header', (c) => (c.token = good), `Bearer ${bad}`, 'success'],
    ['a bad token of its own', (c) => (c.token = bad), `Bearer ${good}`, invalid],
    ['a token, later', (c) => Promise.resolve().then(() => (c.token = good)), undefined, 'success'],
    [
      'an empty token, so that the header counts',
      (c) => (c.token = ''),
      `Bearer ${good}`,
      'success',
    ],
    [
      'no token, so that the header counts',
      (c) => (c.token = undefined),
      `Bearer ${good}`,
      'success',
    ],
    [
      'null, so that the header counts',
      (c) => (c.token = null as never),
      `Bearer ${good}`,
      'success',
    ],
    ['an empty token without a header', (c) => (c.token = ''), undefined, 'none'],
    [
      'a token that is no text',
      (c) => (c.token = [good] as never),
      undefined,
      'ERR_TOKEN_MALFORMED',
    ],
    [
      'a token beside a malformed header',
      (c) => (c.token = good),
      'Bearer a b',
      'ERR_BEARER_REQUEST_INVALID',
    ],
    [
      'a caller',
      (c) => {
        c.success(robot)
      },
      undefined,
      'success',
    ],
    [
      'a refusal',
      (c) => {
        c.fail('no')
      },
      `Bearer ${good}`,
      'ERR_TOKEN_REJECTED',
    ],
    [
      'no result',
      (c) => {
        c.noResult()
      },
      `Bearer ${good}`,
      'none',
    ],
    [
      'no result and then a refusal',
      (c) => {
        c.noResult()
        c.fail('no')
      },
      undefined,
      'ERR_TOKEN_REJECTED',
    ],
    ['a throw', fails, `Bearer ${good}`, 'TypeError'],
    ['a rejection', rejects, `Bearer ${good}`, 'TypeError'],
    [
      'something that is no caller',
      (c) => {
        c.success({ sub: 'x' } as never)
      },
      undefined,
      'TypeError',
    ],
    [
      'nothing where a caller should be',
      (c) => {
        c.success(undefined as never)
      },
      undefined,
      'TypeError',
    ],
  ])('may give %s', async (_case, onMessageReceived, authorization, expected) => {
    const middleware = jwtBearer(options({}, { events: { onMessageReceived } }))
    expect(outcomeOf(await middleware.authenticate({ headers: { authorization } }))).toBe(expected)
  })

  test('gives a caller without a token no token', async () => {
    const result = await walk(
      {
        onMessageReceived: (context) => {
          context.success(robot)
        },
      },
      'Basic x',
    )
    expect(result).toMatchObject({
      principal: robot,
      header: {},
      properties: {},
      scheme: 'Bearer',
      expiresAt: undefined,
      issuedAt: undefined,
    })
    expect((result as { token?: string }).token).toBeUndefined()
  })
})

describe('onTokenValidated', () => {
  test.each<[string, NonNullable<JwtBearerEvents['onTokenValidated']>, string, string | undefined]>(
    [
      ['nothing', () => undefined, 'success', 'alice'],
      ['nothing, later', () => Promise.resolve(), 'success', 'alice'],
      ['another principal', (c) => (c.principal = robot), 'success', 'robot'],
      [
        'success',
        (c) => {
          c.success()
        },
        'success',
        'alice',
      ],
      [
        'success with another principal',
        (c) => {
          c.success(robot)
        },
        'success',
        'robot',
      ],
      [
        'a refusal',
        (c) => {
          c.fail('no')
        },
        'ERR_TOKEN_REJECTED',
        undefined,
      ],
      [
        'a refusal with an error of its own',
        (c) => {
          c.fail(new TokenRevokedError())
        },
        'ERR_TOKEN_REVOKED',
        undefined,
      ],
      [
        'a refusal with any error',
        (c) => {
          c.fail(new TypeError('x'))
        },
        'ERR_TOKEN_REJECTED',
        undefined,
      ],
      [
        'a refusal without a reason',
        (c) => {
          c.fail(undefined as never)
        },
        'ERR_TOKEN_REJECTED',
        undefined,
      ],
      [
        'no result',
        (c) => {
          c.noResult()
        },
        'none',
        undefined,
      ],
      ['a throw', fails, 'TypeError', undefined],
      ['a rejection', rejects, 'TypeError', undefined],
    ],
  )('may decide on %s', async (_case, onTokenValidated, expected, subject) => {
    const result = await walk({ onTokenValidated })
    expect(outcomeOf(result)).toBe(expected)
    expect(result.kind === 'success' ? result.principal.subject : undefined).toBe(subject)
  })

  test('sees the token and leaves properties on the result', async () => {
    const result = await walk({
      onTokenValidated: (context) => {
        context.properties['seen'] = context.securityToken
      },
    })
    expect(result).toMatchObject({
      token: good,
      properties: { seen: { raw: good, header: { alg: 'HS256' }, payload: claimsOf() } },
    })
  })

  test('cannot change the token it sees', async () => {
    const result = await walk({
      onTokenValidated: ({ securityToken }) => {
        ;(securityToken.payload as { sub: string }).sub = 'mallory'
      },
    })
    expect(outcomeOf(result)).toBe('TypeError')
  })
})

describe('onAuthenticationFailed', () => {
  test.each<[string, NonNullable<JwtBearerEvents['onAuthenticationFailed']>, string]>([
    ['nothing', () => undefined, invalid],
    ['nothing, later', () => Promise.resolve(), invalid],
    ['another error', (c) => (c.error = new TokenRevokedError()), 'ERR_TOKEN_REVOKED'],
    ['something that is no error', (c) => (c.error = 'x' as never), 'ERR_TOKEN_REJECTED'],
    [
      'a caller after all',
      (c) => {
        c.success(robot)
      },
      'success',
    ],
    [
      'no result',
      (c) => {
        c.noResult()
      },
      'none',
    ],
    [
      'a refusal',
      (c) => {
        c.fail('no')
      },
      'ERR_TOKEN_REJECTED',
    ],
    ['a throw', fails, 'TypeError'],
    ['a rejection', rejects, 'TypeError'],
    ['a throw of something that is no error', () => rejectWith('text'), 'Error'],
  ])('may decide on %s', async (_case, onAuthenticationFailed, expected) => {
    expect(outcomeOf(await walk({ onAuthenticationFailed }, `Bearer ${bad}`))).toBe(expected)
  })

  test.each<[string, JwtBearerEvents, string]>([
    ['a throw in onMessageReceived', { onMessageReceived: fails }, 'TypeError'],
    ['a rejection in onTokenValidated', { onTokenValidated: rejects }, 'TypeError'],
  ])('hears of %s', async (_case, events, name) => {
    const seen: string[] = []
    await walk({ ...events, onAuthenticationFailed: ({ error }) => seen.push(error.name) })
    expect(seen).toEqual([name])
  })

  test.each<[string, JwtBearerEvents, string]>([
    [
      'fail() in onMessageReceived',
      {
        onMessageReceived: (c) => {
          c.fail('no')
        },
      },
      `Bearer ${good}`,
    ],
    [
      'noResult() in onTokenValidated',
      {
        onTokenValidated: (c) => {
          c.noResult()
        },
      },
      `Bearer ${good}`,
    ],
    [
      'fail() in onTokenValidated',
      {
        onTokenValidated: (c) => {
          c.fail('no')
        },
      },
      `Bearer ${good}`,
    ],
    ['missing credentials', {}, 'Basic x'],
    ['a good token', {}, `Bearer ${good}`],
  ])('does not run after %s', async (_case, events, authorization) => {
    const onAuthenticationFailed = vi.fn()
    await walk({ ...events, onAuthenticationFailed }, authorization)
    expect(onAuthenticationFailed).not.toHaveBeenCalled()
  })
})

describe('fail()', () => {
  test.each<[string, unknown, string, unknown]>([
    ['a text', 'gone', 'gone', undefined],
    ['an error', new TypeError('inner'), 'The token was rejected', new TypeError('inner')],
    ['something else', 5, 'The token was rejected', undefined],
  ])('keeps %s for handlers', async (_case, reason, message, cause) => {
    const result = await walk({
      onTokenValidated: (c) => {
        c.fail(reason as string)
      },
    })
    const { error } = result as { error: Error }
    expect(error.message).toBe(message)
    expect(error.cause).toEqual(cause)
  })
})

describe('a schema and an event together', () => {
  test('never run for a token whose signature does not hold', async () => {
    const onTokenValidated = vi.fn()
    const forged = sign({ alg: 'HS256' }, claimsOf(), `${secret}.`)
    await judge(options({}, { events: { onTokenValidated } }), forged)
    expect(onTokenValidated).not.toHaveBeenCalled()
  })
})
