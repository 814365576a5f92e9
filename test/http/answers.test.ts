import {
  authorize,
  AuthError,
  jwtBearer,
  MetadataUnavailableError,
  type AuthorizeArgument,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, frameworks, keepErrors } from '../support/create-app.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const stranger = await createTestIssuer({ alg: 'ES256' })

const unavailable: JwtBearerOptions = {
  ...issuer.options,
  events: {
    onAuthenticationFailed: (context) => {
      context.error = new MetadataUnavailableError('The issuer is away', { retryAfter: 6.2 })
    },
  },
}

const second = Math.floor(Date.now() / 1000)
const expired = await issuer.token({ exp: 1000000000 })
const notYetValid = await issuer.token({ nbf: 4000000000, exp: 4000000001 })
const tampered = (await issuer.token()).replace(/\.[^.]+\./, '.eyJzdWIiOiJldmlsIn0.')
const good = await issuer.token({ sub: 'alice', roles: ['Reader'], scope: 'orders.read' })

interface Answer {
  status: 400 | 401 | 403 | 500 | 503
  code: string
  challenge?: string
  retryAfter?: string
  cause?: string
}

const invalid = (description?: string) =>
  description === undefined
    ? 'Bearer error="invalid_token"'
    : `Bearer error="invalid_token", error_description="${description}"`

const guards: Record<string, AuthorizeArgument> = {
  anybody: {},
  admin: { roles: 'Admin' },
  writer: (policy) => policy.requireScope('orders.write'),
  either: (policy) => policy.requireAnyScope('orders.write', 'orders.all'),
  both: (policy) => policy.requireScope('orders.write').requireScope('orders.delete'),
  half: (policy) => policy.requireScope('orders.read').requireScope('orders.delete'),
  adminWriter: (policy) => policy.requireRole('Admin').requireScope('orders.read'),
}

const required: Answer = { status: 401, code: 'ERR_AUTHENTICATION_REQUIRED', challenge: 'Bearer' }
const malformed: Answer = {
  status: 400,
  code: 'ERR_BEARER_REQUEST_INVALID',
  challenge: 'Bearer error="invalid_request"',
  cause: 'ERR_BEARER_REQUEST_INVALID',
}
const refused = (code: string, description?: string): Answer => ({
  status: 401,
  code,
  challenge: invalid(description),
  cause: code,
})
const forbidden: Answer = { status: 403, code: 'ERR_FORBIDDEN' }

// Who, the guard, the options, the Authorization header, the answer.
const answers: [
  caller: string,
  guard: string,
  options: JwtBearerOptions,
  authorization: string | undefined,
  answer: Answer,
][] = [
  ['nobody', 'anybody', {}, undefined, required],
  [
    'nobody, of a realm',
    'anybody',
    { realm: 'api' },
    undefined,
    { ...required, challenge: 'Bearer realm="api"' },
  ],
  [
    'nobody, for a scope',
    'writer',
    {},
    undefined,
    { ...required, challenge: 'Bearer scope="orders.write"' },
  ],
  [
    'nobody, for a scope of a realm',
    'either',
    { realm: 'api' },
    undefined,
    { ...required, challenge: 'Bearer realm="api", scope="orders.write"' },
  ],
  [
    'nobody, for two scopes',
    'both',
    {},
    undefined,
    { ...required, challenge: 'Bearer scope="orders.write orders.delete"' },
  ],
  [
    'nobody, without details',
    'writer',
    { includeErrorDetails: false },
    undefined,
    { ...required, challenge: 'Bearer scope="orders.write"' },
  ],
  ['a caller with Basic', 'anybody', {}, 'Basic YTpi', required],
  ['an empty Bearer', 'anybody', {}, 'Bearer', required],
  ['an empty Bearer with a space', 'anybody', {}, 'Bearer ', required],
  [
    'an expired token',
    'anybody',
    {},
    `Bearer ${expired}`,
    refused('ERR_TOKEN_EXPIRED', "The token expired at '2001-09-09T01:46:40.000Z'"),
  ],
  [
    'an early token',
    'anybody',
    {},
    `Bearer ${notYetValid}`,
    refused('ERR_TOKEN_NOT_YET_VALID', "The token is not valid before '2096-10-02T07:06:40.000Z'"),
  ],
  [
    'a token that ends before it starts',
    'anybody',
    {},
    `Bearer ${await issuer.token({ nbf: second + 2, exp: second + 1 })}`,
    refused('ERR_TOKEN_LIFETIME_INVALID', 'The token lifetime is invalid'),
  ],
  [
    'a token without an end',
    'anybody',
    {},
    `Bearer ${await issuer.token({ exp: undefined })}`,
    refused('ERR_TOKEN_LIFETIME_MISSING', 'The token has no expiration'),
  ],
  [
    'a token for another audience',
    'anybody',
    {},
    `Bearer ${await issuer.wrongAudience()}`,
    refused('ERR_TOKEN_AUDIENCE_INVALID', 'The audience is invalid'),
  ],
  [
    'a token of another issuer',
    'anybody',
    {},
    `Bearer ${await issuer.wrongIssuer()}`,
    refused('ERR_TOKEN_ISSUER_INVALID', 'The issuer is invalid'),
  ],
  [
    'a token of an unknown key',
    'anybody',
    {},
    `Bearer ${await stranger.token()}`,
    refused('ERR_TOKEN_KEY_NOT_FOUND', 'The signature key was not found'),
  ],
  [
    'a tampered token',
    'anybody',
    {},
    `Bearer ${tampered}`,
    refused('ERR_TOKEN_SIGNATURE_INVALID', 'The signature is invalid'),
  ],
  [
    'an unsigned token',
    'anybody',
    {},
    `Bearer ${await issuer.unsigned()}`,
    refused('ERR_TOKEN_ALGORITHM_NOT_ALLOWED'),
  ],
  [
    'a token of another type',
    'anybody',
    {},
    `Bearer ${await issuer.token({}, { header: { typ: 'dpop+jwt' } })}`,
    refused('ERR_TOKEN_TYPE_INVALID'),
  ],
  ['a text that is no token', 'anybody', {}, 'Bearer nonsense', refused('ERR_TOKEN_MALFORMED')],
  [
    'a bad token, of a realm',
    'anybody',
    { realm: 'api' },
    'Bearer nonsense',
    { ...refused('ERR_TOKEN_MALFORMED'), challenge: 'Bearer realm="api", error="invalid_token"' },
  ],
  [
    'a bad token, for a scope',
    'writer',
    {},
    'Bearer nonsense',
    {
      ...refused('ERR_TOKEN_MALFORMED'),
      challenge: 'Bearer error="invalid_token", scope="orders.write"',
    },
  ],
  [
    'a bad token, without details',
    'anybody',
    { includeErrorDetails: false },
    `Bearer ${expired}`,
    { ...refused('ERR_TOKEN_EXPIRED'), challenge: 'Bearer' },
  ],
  ['two tokens', 'anybody', {}, `Bearer ${good} ${good}`, malformed],
  ['a comma after Bearer', 'anybody', {}, `Bearer, ${good}`, malformed],
  ['a tab after Bearer', 'anybody', {}, `Bearer\t${good}`, malformed],
  ['a character outside b64token', 'anybody', {}, `Bearer ${good}!`, malformed],
  [
    'a malformed header, of a realm',
    'anybody',
    { realm: 'api' },
    `Bearer a b`,
    { ...malformed, challenge: 'Bearer realm="api", error="invalid_request"' },
  ],
  [
    'a malformed header, without details',
    'anybody',
    { includeErrorDetails: false },
    'Bearer a b',
    { ...malformed, challenge: 'Bearer' },
  ],
  ['a caller without the role', 'admin', {}, `Bearer ${good}`, forbidden],
  ['a caller without the role, of a realm', 'admin', { realm: 'api' }, `Bearer ${good}`, forbidden],
  ['a caller without the role but with the scope', 'adminWriter', {}, `Bearer ${good}`, forbidden],
  [
    'a caller without the scope',
    'writer',
    {},
    `Bearer ${good}`,
    { ...forbidden, challenge: 'Bearer error="insufficient_scope", scope="orders.write"' },
  ],
  [
    'a caller without any of the scopes',
    'either',
    { realm: 'api' },
    `Bearer ${good}`,
    {
      ...forbidden,
      challenge: 'Bearer realm="api", error="insufficient_scope", scope="orders.write"',
    },
  ],
  [
    'a caller without one of two scopes',
    'half',
    {},
    `Bearer ${good}`,
    {
      ...forbidden,
      challenge: 'Bearer error="insufficient_scope", scope="orders.read orders.delete"',
    },
  ],
  [
    'a caller without the scope, without details',
    'writer',
    { includeErrorDetails: false },
    `Bearer ${good}`,
    { ...forbidden, challenge: 'Bearer scope="orders.write"' },
  ],
  [
    'a caller nobody can judge',
    'anybody',
    unavailable,
    'Bearer nonsense',
    {
      status: 503,
      code: 'ERR_METADATA_UNAVAILABLE',
      cause: 'ERR_METADATA_UNAVAILABLE',
      retryAfter: '7',
    },
  ],
]

const texts = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

describe.each(frameworks)('the answers under $framework', ({ express }) => {
  describe.each(answers)('to %s (%s)', (_caller, guard, options, authorization, expected) => {
    const app = () =>
      createApp(
        express,
        jwtBearer({ ...issuer.options, ...options }),
        authorize(guards[guard] as AuthorizeArgument),
      )
    const get = (target: ReturnType<typeof app>) => {
      const call = request(target).get('/')
      return authorization === undefined ? call : call.set('Authorization', authorization)
    }

    test('are the same on the default error handler', async () => {
      const { status, headers } = await answerOf(get(app()))
      expect({ status, ...read(headers) }).toEqual({
        status: expected.status,
        challenge: expected.challenge,
        retryAfter: expected.retryAfter,
        cacheControl: 'no-store',
      })
    })

    test('are the same on an error handler of the user, who learns the reason', async () => {
      const target = app()
      const errors = keepErrors(target)
      const { status, headers, body } = await answerOf(get(target))
      expect({ status, ...read(headers) }).toEqual({
        status: expected.status,
        challenge: expected.challenge,
        retryAfter: expected.retryAfter,
        cacheControl: 'no-store',
      })
      expect(body).toEqual({ code: expected.code })
      expect(errors).toHaveLength(1)
      const [error] = errors
      const text = texts[expected.status]
      expect(error).toMatchObject({
        status: expected.status,
        statusCode: expected.status,
        code: expected.code,
        message: text,
        expose: expected.status < 500,
      })
      expect(error?.stack).toBe(`${String(error?.name)}: ${text}`)
      expect(error?.headers).toEqual({
        'Cache-Control': 'no-store',
        ...(expected.challenge === undefined ? {} : { 'WWW-Authenticate': expected.challenge }),
        ...(expected.retryAfter === undefined ? {} : { 'Retry-After': expected.retryAfter }),
      })
      const cause = error?.cause
      expect(cause instanceof AuthError ? cause.code : cause).toBe(expected.cause)
    })
  })

  test('let a caller through who meets the policy', async () => {
    const app = createApp(express, jwtBearer(issuer.options), authorize({ roles: 'Reader' }))
    const { status, headers, body } = await answerOf(
      request(app).get('/').auth(good, { type: 'bearer' }),
    )
    expect({ status, body, ...read(headers) }).toEqual({ status: 200, body: { user: 'alice' } })
  })

  test('say which middleware is missing when a guard runs before jwtBearer()', async () => {
    const app = createApp(express, authorize(), jwtBearer(issuer.options))
    const errors = keepErrors(app)
    await request(app).get('/').auth(good, { type: 'bearer' }).expect(500)
    expect(errors[0]).toMatchObject({ code: 'ERR_CONFIGURATION', status: 500, expose: false })
    expect(errors[0]?.message).toBe(
      'authorize() ran before jwtBearer(): put app.use(jwtBearer(options)) in front of the guarded routes. If it is there, two copies of this package may be loaded: npm ls express-jwt-bearer',
    )
  })

  test('are not stored when a handler of an event fails', async () => {
    const onTokenValidated = () => {
      throw new Error('no database')
    }
    const app = createApp(
      express,
      jwtBearer({ ...issuer.options, events: { onTokenValidated } }),
      authorize(),
    )
    keepErrors(app)
    const { headers } = await request(app).get('/').auth(good, { type: 'bearer' }).expect(500)
    expect(headers['cache-control']).toBe('no-store')
  })

  test('say a whole second at least before the next attempt', async () => {
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: {
          onMessageReceived: (context) => {
            context.fail(new MetadataUnavailableError('The issuer is away', { retryAfter: 0 }))
          },
        },
      }),
      authorize(),
    )
    await request(app).get('/').expect(503).expect('Retry-After', '1')
  })
})

function read(headers: Record<string, string>) {
  const { 'www-authenticate': challenge, 'retry-after': retryAfter } = headers
  return { challenge, retryAfter, cacheControl: headers['cache-control'] }
}

/** Supertest types headers and body as `any`. */
async function answerOf(call: request.Test) {
  const answer = await call
  return {
    status: answer.status,
    headers: answer.headers as Record<string, string>,
    body: answer.body as unknown,
  }
}
