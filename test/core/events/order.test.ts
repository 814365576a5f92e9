import {
  authorize,
  ConfigurationError,
  createPrincipal,
  jwtBearer,
  MetadataUnavailableError,
  TokenExpiredError,
  TokenRevokedError,
  type ClaimsPrincipal,
  type JwtBearerEvents,
  type MessageReceivedContext,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { eventNames } from '../../support/event-names.js'
import { createApp, frameworks, keepErrors } from '../../support/create-app.js'
import { watchProcess } from '../../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const good = `Bearer ${await issuer.token({ sub: 'alice' })}`
const other = await issuer.token({ sub: 'bob' })
const bad = 'Bearer nonsense'
const malformed = 'Bearer a b'
const carol = createPrincipal({ sub: 'carol', roles: ['Admin'] })

/** The events, noted as they run, each with what a row makes of it. */
function noted(events: JwtBearerEvents): { events: JwtBearerEvents; ran: string[] } {
  const ran: string[] = []
  const wrapped: Record<string, unknown> = {}
  for (const name of eventNames) {
    const handler = events[name] as ((context: unknown) => unknown) | undefined
    wrapped[name] = (context: unknown) => {
      ran.push(name.slice(2))
      return handler?.(context)
    }
  }
  return { events: wrapped, ran }
}

const thrown = (value: unknown) => () => {
  throw value
}
const rejected = (value: unknown) => async () => {
  await Promise.resolve()
  throw value
}
const set = (values: object) => (context: object) => Object.assign(context, values)
const fail = (reason: unknown) => (context: Pick<MessageReceivedContext, 'fail'>) => {
  context.fail(reason as string)
}
const succeed = (principal: unknown) => (context: Pick<MessageReceivedContext, 'success'>) => {
  context.success(principal as ClaimsPrincipal)
}
const noResult = (context: Pick<MessageReceivedContext, 'noResult'>) => {
  context.noResult()
}
const fault = new Error('out of order')

interface Outcome {
  ran: string
  status: number
  user?: string | null
  code?: string
  challenge?: string
}

const received = 'MessageReceived'
const validated = 'MessageReceived TokenValidated'
const failed = 'MessageReceived AuthenticationFailed'
const challenged = { status: 401, code: 'ERR_AUTHENTICATION_REQUIRED', challenge: 'Bearer' }
const rejection = {
  status: 401,
  code: 'ERR_TOKEN_REJECTED',
  challenge: 'Bearer error="invalid_token"',
}
const revocation = { ...rejection, code: 'ERR_TOKEN_REVOKED' }
const broken = { status: 500 }

// What happens, the events, the Authorization header, the outcome behind authorize({ roles }).
const rows: [
  what: string,
  events: JwtBearerEvents,
  authorization: string | undefined,
  outcome: Outcome,
][] = [
  ['a good token', {}, good, { ran: validated, status: 200, user: 'alice' }],
  ['no token', {}, undefined, { ran: `${received} Challenge`, ...challenged }],
  ['another scheme', {}, 'Basic YTpi', { ran: `${received} Challenge`, ...challenged }],
  [
    'a bad token',
    {},
    bad,
    {
      ran: `${failed} Challenge`,
      status: 401,
      code: 'ERR_TOKEN_MALFORMED',
      challenge: 'Bearer error="invalid_token"',
    },
  ],
  [
    'a malformed header',
    {},
    malformed,
    {
      ran: `${failed} Challenge`,
      status: 400,
      code: 'ERR_BEARER_REQUEST_INVALID',
      challenge: 'Bearer error="invalid_request"',
    },
  ],

  [
    'onMessageReceived sets a token',
    { onMessageReceived: set({ token: other }) },
    undefined,
    { ran: validated, status: 200, user: 'bob' },
  ],
  [
    'onMessageReceived sets a token later',
    {
      onMessageReceived: async (context) => {
        await Promise.resolve()
        context.token = other
      },
    },
    undefined,
    { ran: validated, status: 200, user: 'bob' },
  ],
  [
    'onMessageReceived replaces the token',
    { onMessageReceived: set({ token: other }) },
    good,
    { ran: validated, status: 200, user: 'bob' },
  ],
  [
    'onMessageReceived sets an empty token',
    { onMessageReceived: set({ token: '' }) },
    good,
    { ran: validated, status: 200, user: 'alice' },
  ],
  [
    'onMessageReceived takes the token away',
    { onMessageReceived: set({ token: undefined }) },
    good,
    { ran: validated, status: 200, user: 'alice' },
  ],
  [
    'onMessageReceived sets null',
    { onMessageReceived: set({ token: null }) },
    good,
    { ran: validated, status: 200, user: 'alice' },
  ],
  [
    'onMessageReceived sets an object',
    { onMessageReceived: set({ token: {} }) },
    good,
    {
      ran: `${failed} Challenge`,
      status: 401,
      code: 'ERR_TOKEN_MALFORMED',
      challenge: 'Bearer error="invalid_token"',
    },
  ],
  [
    'onMessageReceived sets a good token beside a malformed header',
    { onMessageReceived: set({ token: other }) },
    malformed,
    {
      ran: `${failed} Challenge`,
      status: 400,
      code: 'ERR_BEARER_REQUEST_INVALID',
      challenge: 'Bearer error="invalid_request"',
    },
  ],
  [
    'onMessageReceived succeeds',
    { onMessageReceived: succeed(carol) },
    bad,
    { ran: received, status: 200, user: 'carol' },
  ],
  [
    'onMessageReceived succeeds with nobody',
    { onMessageReceived: succeed(undefined) },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived fails with a text',
    { onMessageReceived: fail('not today') },
    good,
    { ran: `${received} Challenge`, ...rejection },
  ],
  [
    'onMessageReceived fails with an error',
    { onMessageReceived: fail(fault) },
    good,
    { ran: `${received} Challenge`, ...rejection },
  ],
  [
    'onMessageReceived fails without a reason',
    { onMessageReceived: fail(undefined) },
    good,
    { ran: `${received} Challenge`, ...rejection },
  ],
  [
    'onMessageReceived fails with a token error',
    { onMessageReceived: fail(new TokenRevokedError()) },
    good,
    { ran: `${received} Challenge`, ...revocation },
  ],
  [
    'onMessageReceived fails because the issuer is away',
    { onMessageReceived: fail(new MetadataUnavailableError('away')) },
    good,
    { ran: received, status: 503, code: 'ERR_METADATA_UNAVAILABLE' },
  ],
  [
    'onMessageReceived fails because of the set-up',
    { onMessageReceived: fail(new ConfigurationError('wrong')) },
    good,
    { ran: received, status: 500, code: 'ERR_CONFIGURATION' },
  ],
  [
    'onMessageReceived ends without a result',
    { onMessageReceived: noResult },
    good,
    { ran: `${received} Challenge`, ...challenged },
  ],
  [
    'onMessageReceived changes its mind',
    {
      onMessageReceived: (context) => {
        context.fail('no')
        context.success(carol)
      },
    },
    good,
    { ran: received, status: 200, user: 'carol' },
  ],
  [
    'onMessageReceived throws',
    { onMessageReceived: thrown(fault) },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived rejects',
    { onMessageReceived: rejected(fault) },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived throws nothing',
    { onMessageReceived: thrown(undefined) },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived rejects with nothing',
    { onMessageReceived: rejected(undefined) },
    good,
    { ran: failed, ...broken },
  ],
  [
    "onMessageReceived throws 'route'",
    { onMessageReceived: thrown('route') },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived throws a 4xx error',
    { onMessageReceived: thrown(Object.assign(new Error('upstream'), { status: 404 })) },
    good,
    { ran: failed, ...broken },
  ],
  [
    'onMessageReceived throws a token error',
    { onMessageReceived: thrown(new TokenRevokedError()) },
    good,
    { ran: `${failed} Challenge`, ...revocation },
  ],

  [
    'onTokenValidated replaces the caller',
    { onTokenValidated: set({ principal: carol }) },
    good,
    { ran: validated, status: 200, user: 'carol' },
  ],
  [
    'onTokenValidated takes the caller away',
    { onTokenValidated: set({ principal: undefined }) },
    good,
    { ran: `${validated} AuthenticationFailed`, ...broken },
  ],
  [
    'onTokenValidated succeeds',
    {
      onTokenValidated: (context) => {
        context.success()
      },
    },
    good,
    { ran: validated, status: 200, user: 'alice' },
  ],
  [
    'onTokenValidated succeeds with another caller',
    { onTokenValidated: succeed(carol) },
    good,
    { ran: validated, status: 200, user: 'carol' },
  ],
  [
    'onTokenValidated fails',
    { onTokenValidated: fail('not today') },
    good,
    { ran: `${validated} Challenge`, ...rejection },
  ],
  [
    'onTokenValidated fails later',
    {
      onTokenValidated: async (context) => {
        await Promise.resolve()
        context.fail(new TokenRevokedError())
      },
    },
    good,
    { ran: `${validated} Challenge`, ...revocation },
  ],
  [
    'onTokenValidated ends without a result',
    { onTokenValidated: noResult },
    good,
    { ran: `${validated} Challenge`, ...challenged },
  ],
  [
    'onTokenValidated throws',
    { onTokenValidated: thrown(fault) },
    good,
    { ran: `${validated} AuthenticationFailed`, ...broken },
  ],
  [
    'onTokenValidated rejects',
    { onTokenValidated: rejected(fault) },
    good,
    { ran: `${validated} AuthenticationFailed`, ...broken },
  ],
  [
    'onTokenValidated throws nothing',
    { onTokenValidated: thrown(undefined) },
    good,
    { ran: `${validated} AuthenticationFailed`, ...broken },
  ],
  [
    "onTokenValidated rejects with 'route'",
    { onTokenValidated: rejected('route') },
    good,
    { ran: `${validated} AuthenticationFailed`, ...broken },
  ],

  [
    'onAuthenticationFailed recovers',
    { onAuthenticationFailed: succeed(carol) },
    bad,
    { ran: failed, status: 200, user: 'carol' },
  ],
  [
    'onAuthenticationFailed ends without a result',
    { onAuthenticationFailed: noResult },
    bad,
    { ran: `${failed} Challenge`, ...challenged },
  ],
  [
    'onAuthenticationFailed fails',
    { onAuthenticationFailed: fail('worse') },
    bad,
    { ran: `${failed} Challenge`, ...rejection },
  ],
  [
    'onAuthenticationFailed replaces the error',
    { onAuthenticationFailed: set({ error: new TokenExpiredError(new Date(0)) }) },
    bad,
    {
      ran: `${failed} Challenge`,
      status: 401,
      code: 'ERR_TOKEN_EXPIRED',
      challenge: `Bearer error="invalid_token", error_description="The token expired at '1970-01-01T00:00:00.000Z'"`,
    },
  ],
  [
    'onAuthenticationFailed replaces the error by one of its own',
    { onAuthenticationFailed: set({ error: fault }) },
    bad,
    { ran: `${failed} Challenge`, ...rejection },
  ],
  [
    'onAuthenticationFailed takes the error away',
    { onAuthenticationFailed: set({ error: undefined }) },
    bad,
    { ran: `${failed} Challenge`, ...rejection },
  ],
  [
    'onAuthenticationFailed replaces the error of a malformed header',
    { onAuthenticationFailed: set({ error: fault }) },
    malformed,
    { ran: `${failed} Challenge`, ...rejection },
  ],
  [
    'onAuthenticationFailed joins errors',
    {
      onAuthenticationFailed: set({
        error: new AggregateError([
          new TokenExpiredError(new Date(0)),
          new TokenRevokedError(),
          new TokenExpiredError(new Date(1000)),
        ]),
      }),
    },
    bad,
    {
      ran: `${failed} Challenge`,
      status: 401,
      code: 'ERR_AUTHENTICATION_REQUIRED',
      challenge: `Bearer error="invalid_token", error_description="The token expired at '1970-01-01T00:00:00.000Z'; The token expired at '1970-01-01T00:00:01.000Z'"`,
    },
  ],
  [
    'onAuthenticationFailed joins an error that is no token error',
    {
      onAuthenticationFailed: set({ error: new AggregateError([new TokenRevokedError(), fault]) }),
    },
    bad,
    { ran: failed, ...broken },
  ],
  [
    'onAuthenticationFailed says that the issuer is away',
    { onAuthenticationFailed: set({ error: new MetadataUnavailableError('away') }) },
    bad,
    { ran: failed, status: 503, code: 'ERR_METADATA_UNAVAILABLE' },
  ],
  [
    'onAuthenticationFailed throws',
    { onAuthenticationFailed: thrown(fault) },
    bad,
    { ran: failed, ...broken },
  ],
  [
    'onAuthenticationFailed rejects',
    { onAuthenticationFailed: rejected(fault) },
    bad,
    { ran: failed, ...broken },
  ],
  [
    'onAuthenticationFailed throws nothing',
    { onAuthenticationFailed: thrown(undefined) },
    bad,
    { ran: failed, ...broken },
  ],
  [
    "onAuthenticationFailed throws 'route'",
    { onAuthenticationFailed: thrown('route') },
    bad,
    { ran: failed, ...broken },
  ],
  [
    'onAuthenticationFailed recovers from a throw before it',
    {
      onTokenValidated: thrown(fault),
      onAuthenticationFailed: succeed(carol),
    },
    good,
    { ran: `${validated} AuthenticationFailed`, status: 200, user: 'carol' },
  ],
  [
    'onAuthenticationFailed makes a refusal of a throw before it',
    {
      onMessageReceived: thrown(fault),
      onAuthenticationFailed: set({ error: new TokenRevokedError() }),
    },
    good,
    { ran: `${failed} Challenge`, ...revocation },
  ],
  [
    'onAuthenticationFailed replaces a throw before it by nothing',
    {
      onMessageReceived: thrown(fault),
      onAuthenticationFailed: set({ error: undefined }),
    },
    good,
    { ran: failed, ...broken },
  ],

  [
    'onChallenge sets the parameters',
    {
      onChallenge: set({
        error: 'my_error',
        errorDescription: 'My words',
        errorUri: 'https://help.test/401',
        scope: 'a b',
      }),
    },
    undefined,
    {
      ran: `${received} Challenge`,
      ...challenged,
      challenge:
        'Bearer error="my_error", error_description="My words", error_uri="https://help.test/401", scope="a b"',
    },
  ],
  [
    'onChallenge takes the parameters away',
    { onChallenge: set({ error: undefined, errorDescription: undefined }) },
    bad,
    { ran: `${failed} Challenge`, status: 401, code: 'ERR_TOKEN_MALFORMED', challenge: 'Bearer' },
  ],
  [
    'onChallenge sets parameters that are no text',
    {
      onChallenge: set({
        error: 1,
        errorDescription: {},
        errorUri: new URL('https://help.test'),
        scope: ['a'],
      }),
    },
    undefined,
    { ran: `${received} Challenge`, ...challenged },
  ],
  [
    'onChallenge answers and says so',
    {
      onChallenge: (context) => {
        context.handleResponse()
        context.res.status(418).json({ user: 'teapot' })
      },
    },
    undefined,
    { ran: `${received} Challenge`, status: 418, user: 'teapot' },
  ],
  [
    'onChallenge answers and forgets to say so',
    {
      onChallenge: (context) => {
        context.res.status(418).json({ user: 'teapot' })
      },
    },
    undefined,
    { ran: `${received} Challenge`, status: 418, user: 'teapot' },
  ],
  [
    'onChallenge answers after it has returned',
    {
      onChallenge: (context) => {
        context.handleResponse()
        setImmediate(() => context.res.status(418).json({ user: 'teapot' }))
      },
    },
    undefined,
    { ran: `${received} Challenge`, status: 418, user: 'teapot' },
  ],
  [
    'onChallenge throws',
    { onChallenge: thrown(fault) },
    undefined,
    { ran: `${received} Challenge`, ...broken },
  ],
  [
    'onChallenge rejects',
    { onChallenge: rejected(fault) },
    bad,
    { ran: `${failed} Challenge`, ...broken },
  ],
  [
    'onChallenge throws nothing',
    { onChallenge: thrown(undefined) },
    undefined,
    { ran: `${received} Challenge`, ...broken },
  ],
  [
    "onChallenge throws 'route'",
    { onChallenge: thrown('route') },
    undefined,
    { ran: `${received} Challenge`, ...broken },
  ],
  [
    "onChallenge rejects with 'router'",
    { onChallenge: rejected('router') },
    undefined,
    { ran: `${received} Challenge`, ...broken },
  ],
  [
    'onChallenge throws a 4xx error',
    { onChallenge: thrown(Object.assign(new Error('upstream'), { status: 401, statusCode: 502 })) },
    undefined,
    { ran: `${received} Challenge`, ...broken },
  ],
]

// What onForbidden does about alice, whom the route asks for a role, and the outcome.
const forbiddenRows: [what: string, events: JwtBearerEvents, outcome: Outcome][] = [
  ['nothing', {}, { ran: '', status: 403, code: 'ERR_FORBIDDEN' }],
  [
    'an answer of its own',
    {
      onForbidden: (context) => {
        context.handleResponse()
        context.res.status(404).json({ user: 'hidden' })
      },
    },
    { ran: '', status: 404, user: 'hidden' },
  ],
  [
    'a body of its own',
    {
      onForbidden: (context) => {
        context.handleResponse()
        context.res.json({ user: 'refused' })
      },
    },
    { ran: '', status: 403, user: 'refused' },
  ],
  [
    'an answer without saying so',
    {
      onForbidden: (context) => {
        context.res.json({ user: 'refused' })
      },
    },
    { ran: '', status: 403, user: 'refused' },
  ],
  ['a throw', { onForbidden: thrown(fault) }, { ran: '', ...broken }],
  ['a rejection', { onForbidden: rejected(fault) }, { ran: '', ...broken }],
  ['a throw of nothing', { onForbidden: thrown(undefined) }, { ran: '', ...broken }],
  ["a throw of 'route'", { onForbidden: thrown('route') }, { ran: '', ...broken }],
  [
    'a throw of a 4xx error',
    { onForbidden: thrown(Object.assign(new Error('upstream'), { statusCode: 404 })) },
    { ran: '', ...broken },
  ],
  [
    'a caller replaced before',
    { onTokenValidated: set({ principal: carol }) },
    { ran: 'none', status: 200, user: 'carol' },
  ],
]

describe.each(frameworks)('the events under $framework', ({ express }) => {
  async function run(events: JwtBearerEvents, authorization: string | undefined, roles?: string) {
    const { events: all, ran } = noted(events)
    const bearer = jwtBearer({ ...issuer.options, events: all })
    const app = createApp(express, bearer, roles === undefined ? authorize() : authorize({ roles }))
    const call = request(app).get('/')
    const plain = await (authorization === undefined
      ? call
      : call.set('Authorization', authorization))
    const order = ran.splice(0).join(' ')

    const own = createApp(express, bearer, roles === undefined ? authorize() : authorize({ roles }))
    const errors = keepErrors(own)
    const again = request(own).get('/')
    await (authorization === undefined ? again : again.set('Authorization', authorization))
    expect(ran.join(' ')).toBe(order)
    expect(errors.length).toBeLessThanOrEqual(1)
    const body = plain.body as { user?: string }
    return {
      ran: order,
      status: plain.status,
      ...(body.user === undefined ? {} : { user: body.user }),
      ...(errors[0]?.code === undefined ? {} : { code: errors[0].code }),
      ...(plain.headers['www-authenticate'] === undefined
        ? {}
        : { challenge: plain.headers['www-authenticate'] }),
      errors,
    }
  }

  test.each(rows)(
    'lead to the promised outcome: %s',
    async (_what, events, authorization, expected) => {
      const { errors, ...outcome } = await run(events, authorization)
      expect(outcome).toEqual(expected)
      if (expected.status === 500) expect(errors[0]).toBeInstanceOf(Error)
    },
  )

  test.each(forbiddenRows)(
    'refuse a known caller: %s',
    async (_what, events, { ran, ...expected }) => {
      const { errors, ...outcome } = await run(events, good, 'Admin')
      expect(errors.length).toBe(outcome.user === undefined ? 1 : 0)
      expect(outcome).toEqual({
        ran: ran === 'none' ? validated : `${validated} Forbidden`,
        ...expected,
      })
    },
  )

  test('hand the very error that the app threw to its error handler', async () => {
    for (const events of [
      { onMessageReceived: thrown(fault) },
      { onTokenValidated: rejected(fault) },
      { onTokenValidated: thrown(fault), onAuthenticationFailed: thrown(fault) },
    ]) {
      expect((await run(events, good)).errors).toEqual([fault])
    }
    expect((await run({ onChallenge: thrown(fault) }, bad)).errors).toEqual([fault])
    expect((await run({ onForbidden: thrown(fault) }, good, 'Admin')).errors).toEqual([fault])
  })

  test('wrap what is no error, and what would blame the caller, into a 500', async () => {
    const upstream = Object.assign(new Error('upstream'), { status: 404 })
    for (const value of ['route', undefined, null, 7, upstream]) {
      const { errors } = await run({ onChallenge: thrown(value) }, undefined)
      expect(errors[0]).toMatchObject({ status: 500, expose: false })
      expect(errors[0]?.cause).toBe(value)
    }
  })

  test('keep public routes up whatever they throw', async () => {
    const bearer = jwtBearer({
      ...issuer.options,
      events: { onMessageReceived: thrown(fault), onAuthenticationFailed: thrown(undefined) },
    })
    await request(createApp(express, bearer))
      .get('/')
      .set('Authorization', good)
      .expect(200, { user: null })
  })

  test('answer 500 even when the event had set another status before it threw', async () => {
    const events: JwtBearerEvents = {
      onTokenValidated: (context) => {
        context.res.status(401)
        throw fault
      },
    }
    expect(await run(events, good)).toMatchObject({ status: 500 })
  })

  test('end the request when an early event answers it', async () => {
    for (const event of ['onMessageReceived', 'onTokenValidated'] as const) {
      for (const pause of [undefined, Promise.resolve()]) {
        const app = createApp(
          express,
          jwtBearer({
            ...issuer.options,
            events: {
              [event]: (
                context: Parameters<NonNullable<JwtBearerEvents['onMessageReceived']>>[0],
              ) => {
                context.res.status(418).end()
                return pause
              },
            },
          }),
        )
        const errors = keepErrors(app)
        await request(app).get('/').set('Authorization', good).expect(418)
        expect(errors).toEqual([])
      }
    }
  })

  test('leave a response alone that an event sent before it threw', async () => {
    const { events } = noted({
      onChallenge: (context) => {
        context.res.status(418).end()
        throw fault
      },
    })
    const app = createApp(express, jwtBearer({ ...issuer.options, events }), authorize())
    const errors = keepErrors(app)
    await request(app).get('/').expect(418)
    expect(errors).toEqual([fault])
  })

  test('run once for each challenge and each refusal', async () => {
    const { events, ran } = noted({})
    const bearer = jwtBearer({ ...issuer.options, events })
    const app = createApp(express, bearer, bearer, authorize(), authorize({ roles: 'Admin' }))
    await request(app).get('/').expect(401)
    await request(app).get('/').set('Authorization', good).expect(403)
    expect(ran.join(' ')).toBe(`${received} Challenge ${validated} Forbidden`)
  })

  test('are methods of the object they were given on', async () => {
    class Audit implements JwtBearerEvents {
      #received = 0

      get received() {
        return this.#received
      }

      onMessageReceived() {
        this.#received += 1
      }
    }
    const audit = new Audit()
    const app = createApp(express, jwtBearer({ ...issuer.options, events: audit }))
    await request(app).get('/').expect(200)
    expect(audit.received).toBe(1)
  })
})
