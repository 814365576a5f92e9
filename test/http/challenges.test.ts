import {
  authorize,
  createAuthorization,
  jwtBearer,
  type AuthorizeArgument,
  type ChallengeContext,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import type { RequestHandler } from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, frameworks, keepErrors } from '../support/create-app.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const metadata = 'https://api.example.com/.well-known/oauth-protected-resource/mcp'
const named = `resource_metadata="${metadata}"`
const now = 1_800_000_000
const { authorize: guard } = createAuthorization({ clock: () => now * 1000 })

type Credentials = string | Promise<string> | undefined

const token = (claims: object) => issuer.token({ sub: 'alice', ...claims })
const bearer = async (claims: object) => `Bearer ${await token(claims)}`

describe.each(frameworks)('challenges under $framework', ({ express }) => {
  async function ask(
    guards: readonly RequestHandler[],
    authorization?: string,
    options: JwtBearerOptions = {},
  ): Promise<string> {
    const app = createApp(express, jwtBearer({ ...issuer.options, ...options }), ...guards)
    keepErrors(app)
    const call = request(app).get('/')
    const { status, headers } = await (authorization === undefined
      ? call
      : call.set('Authorization', authorization))
    return `${status} ${headers['www-authenticate'] ?? '-'}`
  }

  const scope = (name: string) => guard((policy) => policy.requireScope(name))
  const either = guard((policy) => policy.requireAnyScope('a.read', 'a.write', 'a.all'))

  describe('name the scopes', () => {
    test.each<[string, readonly RequestHandler[], Credentials, string]>([
      ['of the route to nobody', [scope('a')], undefined, '401 Bearer scope="a"'],
      [
        'of the route to a bad token',
        [scope('a')],
        'Bearer x',
        '401 Bearer error="invalid_token", scope="a"',
      ],
      ['of no route in a 400', [scope('a')], 'Bearer a b', '400 Bearer error="invalid_request"'],
      [
        'that are held as well as those that are missing',
        [guard((policy) => policy.requireScope('a').requireScope('b'))],
        bearer({ scope: 'a' }),
        '403 Bearer error="insufficient_scope", scope="a b"',
      ],
      [
        'of guards before, too',
        [scope('a'), scope('b'), scope('c')],
        bearer({ scope: 'a b' }),
        '403 Bearer error="insufficient_scope", scope="a b c"',
      ],
      [
        'once each',
        [scope('a'), guard((policy) => policy.requireScope('a').requireScope('b'))],
        bearer({ scope: 'a' }),
        '403 Bearer error="insufficient_scope", scope="a b"',
      ],
      ['of alternatives the first, to nobody', [either], undefined, '401 Bearer scope="a.read"'],
      [
        'of alternatives the one that is held',
        [either, scope('b')],
        bearer({ scope: 'a.write' }),
        '403 Bearer error="insufficient_scope", scope="a.write b"',
      ],
      [
        'of alternatives the first where none is held',
        [either],
        bearer({ scope: 'x' }),
        '403 Bearer error="insufficient_scope", scope="a.read"',
      ],
      [
        'of nothing where a role is missing, too',
        [guard((policy) => policy.requireScope('a').requireRole('Admin'))],
        bearer({}),
        '403 -',
      ],
      [
        'of nothing where a role alone is missing',
        [guard((policy) => policy.requireScope('a').requireRole('Admin'))],
        bearer({ scope: 'a' }),
        '403 -',
      ],
    ])('%s', async (_, guards, authorization, expected) => {
      expect(await ask(guards, await authorization)).toBe(expected)
    })

    test('of guards that a caller of the same scheme has passed alone', async () => {
      const other = await createTestIssuer({ alg: 'ES256', issuer: 'https://other.test' })
      const app = createApp(
        express,
        jwtBearer({ ...issuer.options, scheme: 'A' }),
        jwtBearer({
          ...other.options,
          scheme: 'B',
          events: {
            // Both schemes know this caller, each by a token of its own.
            onMessageReceived: async (context) => {
              context.token = await other.token({ scope: 'b' })
            },
          },
        }),
        authorize({ schemes: 'A', policy: (policy) => policy.requireScope('a') }),
        authorize({ schemes: 'B', policy: (policy) => policy.requireScope('c') }),
      )
      keepErrors(app)
      const answer = await request(app)
        .get('/')
        .set('Authorization', await bearer({ scope: 'a' }))
      expect(answer.status).toBe(403)
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_scope", scope="c"',
      )
    })
  })

  describe('name the metadata of the resource', () => {
    test.each<[string, RequestHandler, Credentials, string]>([
      ['to nobody', authorize(), undefined, `401 Bearer ${named}`],
      ['with a scope', scope('a'), undefined, `401 Bearer scope="a", ${named}`],
      ['to a bad token', authorize(), 'Bearer x', `401 Bearer error="invalid_token", ${named}`],
      ['in a 400', scope('a'), 'Bearer a b', `400 Bearer error="invalid_request", ${named}`],
      [
        'where a scope is missing',
        scope('a'),
        bearer({}),
        `403 Bearer error="insufficient_scope", scope="a", ${named}`,
      ],
      ['in no 403 without a challenge', authorize({ roles: 'Admin' }), bearer({}), '403 -'],
      [
        'where the sign-in is too weak',
        guard((policy) => policy.requireAcr('gold')),
        bearer({}),
        `401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="gold", ${named}`,
      ],
    ])('%s', async (_, handler, authorization, expected) => {
      expect(await ask([handler], await authorization, { resourceMetadata: metadata })).toBe(
        expected,
      )
    })

    test('in no 503', async () => {
      const options = { resourceMetadata: metadata, fetch: () => Promise.reject(new Error('off')) }
      expect(await ask([authorize()], await bearer({}), options)).toBe('503 -')
    })

    test('in the error of user(), too', async () => {
      const middleware = jwtBearer({ ...issuer.options, resourceMetadata: metadata })
      const app = createApp(express, middleware, (req) => {
        middleware.user(req)
      })
      const [errors] = [keepErrors(app)]
      await request(app).get('/').expect(401)
      expect(errors[0]?.headers?.['WWW-Authenticate']).toBe(`Bearer ${named}`)
    })
  })

  describe('can be read across origins', () => {
    test.each<[string, Record<string, string | string[]>, string | undefined]>([
      ['not where CORS plays no part', {}, undefined],
      ['where the response is open', { 'Access-Control-Allow-Origin': '*' }, 'WWW-Authenticate'],
      [
        'beside what is exposed already',
        {
          'Access-Control-Allow-Origin': 'https://a.example',
          'Access-Control-Expose-Headers': 'X-Total, x-next',
        },
        'X-Total, x-next, WWW-Authenticate',
      ],
      [
        'beside several lines',
        {
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Expose-Headers': ['A', 'B, www-authenticate'],
        },
        'A, B, www-authenticate',
      ],
      [
        'where everything is exposed',
        { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': '*' },
        '*',
      ],
    ])('%s', async (_, headers, expected) => {
      const open: RequestHandler = (_req, res, next) => {
        for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
        next()
      }
      const app = createApp(express, open, jwtBearer(issuer.options), authorize())
      keepErrors(app)
      const answer = await request(app).get('/').expect(401)
      const exposed: unknown = answer.headers['access-control-expose-headers']
      expect(exposed).toBe(expected)
    })

    test('where a handler asked for a caller, if there is a response', async () => {
      expect(() => jwtBearer(issuer.options).user({})).toThrow('Unauthorized')
      const middleware = jwtBearer(issuer.options)
      const open: RequestHandler = (_req, res, next) => {
        res.setHeader('Access-Control-Allow-Origin', '*')
        next()
      }
      const app = createApp(express, open, middleware, (req) => {
        middleware.user(req)
      })
      const answer = await request(app).get('/').expect(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(answer.headers['access-control-expose-headers']).toBe('WWW-Authenticate')
    })

    test('with the pause of a 503', async () => {
      const open: RequestHandler = (_req, res, next) => {
        res.setHeader('Access-Control-Allow-Origin', '*')
        next()
      }
      const away = { fetch: () => Promise.reject(new Error('off')) }
      const app = createApp(express, open, jwtBearer({ ...issuer.options, ...away }), authorize())
      keepErrors(app)
      const answer = await request(app)
        .get('/')
        .set('Authorization', await bearer({}))
      expect(answer.status).toBe(503)
      expect(answer.headers['access-control-expose-headers']).toBe('Retry-After')
    })
  })

  describe('ask for another sign-in', () => {
    const level = 'error_description="A different authentication level is required"'
    const recent = 'error_description="More recent authentication is required"'
    const insufficient = '401 Bearer error="insufficient_user_authentication"'

    test.each<[string, AuthorizeArgument, object, string]>([
      ['not at the right level', (p) => p.requireAcr('gold'), { acr: 'gold' }, '200 -'],
      [
        'at a wrong level',
        (p) => p.requireAcr('gold'),
        { acr: 'silver' },
        `${insufficient}, ${level}, acr_values="gold"`,
      ],
      [
        'without a level',
        (p) => p.requireAcr('gold'),
        {},
        `${insufficient}, ${level}, acr_values="gold"`,
      ],
      [
        'at a level that is no text',
        (p) => p.requireAcr('5'),
        { acr: 5 },
        `${insufficient}, ${level}, acr_values="5"`,
      ],
      [
        'at a list of levels',
        (p) => p.requireAcr('gold'),
        { acr: ['gold'] },
        `${insufficient}, ${level}, acr_values="gold"`,
      ],
      [
        'not at one of two levels',
        (p) => p.requireAcr('gold', 'platinum'),
        { acr: 'platinum' },
        '200 -',
      ],
      [
        'at none of two levels, in order of preference',
        (p) => p.requireAcr('gold', 'platinum'),
        { acr: 'x' },
        `${insufficient}, ${level}, acr_values="gold platinum"`,
      ],
      [
        'at the first of two calls that is unmet',
        (p) => p.requireAcr('a', 'b').requireAcr('c').requireAcr('d'),
        { acr: 'a' },
        `${insufficient}, ${level}, acr_values="c"`,
      ],
      [
        'not when it is just recent enough',
        (p) => p.requireRecentAuthentication(300),
        { auth_time: now - 300 },
        '200 -',
      ],
      [
        'when it is a second too old',
        (p) => p.requireRecentAuthentication(300),
        { auth_time: now - 301 },
        `${insufficient}, ${recent}, max_age="300"`,
      ],
      [
        'not when a clock is a little ahead',
        (p) => p.requireRecentAuthentication(1),
        { auth_time: now + 300 },
        '200 -',
      ],
      [
        'when it lies in the future',
        (p) => p.requireRecentAuthentication(300),
        { auth_time: now + 301 },
        `${insufficient}, ${recent}, max_age="300"`,
      ],
      [
        'when nobody says how old it is',
        (p) => p.requireRecentAuthentication(300),
        { auth_time: String(now) },
        `${insufficient}, ${recent}, max_age="300"`,
      ],
      [
        'when its instant is beyond what numbers can say',
        (p) => p.requireRecentAuthentication(300),
        { auth_time: -(2 ** 60) },
        `${insufficient}, ${recent}, max_age="300"`,
      ],
      [
        'by the smallest of several limits',
        (p) => p.requireRecentAuthentication(600).requireRecentAuthentication(60),
        { auth_time: now - 900 },
        `${insufficient}, ${recent}, max_age="60"`,
      ],
      [
        'for both reasons in one challenge',
        (p) => p.requireAcr('gold').requireRecentAuthentication(60),
        {},
        `${insufficient}, error_description="A different authentication level is required; More recent authentication is required", acr_values="gold", max_age="60"`,
      ],
      [
        'along with a scope',
        (p) => p.requireScope('pay').requireAcr('gold'),
        {},
        `${insufficient}, ${level}, scope="pay", acr_values="gold"`,
      ],
      [
        'along with a scope that is held',
        (p) => p.requireScope('pay').requireAcr('gold'),
        { scope: 'pay' },
        `${insufficient}, ${level}, scope="pay", acr_values="gold"`,
      ],
      [
        'not where the scope alone is missing',
        (p) => p.requireScope('pay').requireAcr('gold'),
        { acr: 'gold' },
        '403 Bearer error="insufficient_scope", scope="pay"',
      ],
      [
        'not where a role is missing, too',
        (p) => p.requireRole('A').requireAcr('gold'),
        {},
        '403 -',
      ],
      [
        "not for a requirement of the app's own that bears the name",
        (p) => p.addRequirements({ name: 'requireAcr', evaluate: () => false }),
        {},
        '403 -',
      ],
    ])('%s', async (_, policy, claims, expected) => {
      expect(await ask([guard(policy)], await bearer(claims))).toBe(expected)
    })

    test.each([
      ['nobody', undefined, '401 Bearer'],
      ['a bad token', 'Bearer x', '401 Bearer error="invalid_token"'],
    ])('never of %s', async (_, authorization, expected) => {
      expect(await ask([guard((p) => p.requireAcr('gold'))], authorization)).toBe(expected)
    })

    test('with the error, and without words, where details are off', async () => {
      const answer = await ask([guard((p) => p.requireAcr('gold'))], await bearer({}), {
        includeErrorDetails: false,
      })
      expect(answer).toBe('401 Bearer error="insufficient_user_authentication", acr_values="gold"')
    })

    test('by the claims of the token, whatever a schema made of them', async () => {
      const claimsSchema = {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: () => ({ value: { acr: 'silver', auth_time: 0 } }),
        },
      }
      const { tokenValidationParameters } = issuer.options
      const answer = await ask(
        [guard((p) => p.requireAcr('gold').requireRecentAuthentication(60))],
        await bearer({ acr: 'gold', auth_time: now }),
        { tokenValidationParameters: { ...tokenValidationParameters, claimsSchema } },
      )
      expect(answer).toBe('200 -')
    })

    test('through onChallenge, with the caller, and never through onForbidden', async () => {
      const seen: unknown[] = []
      const events = {
        onChallenge: (context: ChallengeContext) => {
          seen.push([
            context.principal?.subject,
            context.authenticateFailure,
            context.acrValues,
            context.maxAge,
            context.resourceMetadata,
            context.authorizationFailure?.failedRequirements.map(({ name }) => name),
          ])
          context.acrValues = 'bronze'
          context.maxAge = 5
          context.resourceMetadata = 'https://elsewhere.example/"x'
        },
        onForbidden: () => {
          seen.push('forbidden')
        },
      }
      const policy: AuthorizeArgument = (p) => p.requireAcr('gold').requireRecentAuthentication(60)
      const options = { events, resourceMetadata: metadata, includeErrorDetails: false }
      expect(await ask([guard(policy)], await bearer({}), options)).toBe(
        '401 Bearer error="insufficient_user_authentication", acr_values="bronze", max_age="5", resource_metadata="https://elsewhere.example/x"',
      )
      expect(seen).toEqual([
        ['alice', undefined, 'gold', 60, metadata, ['requireAcr', 'requireRecentAuthentication']],
      ])
    })

    test('unless the event answers itself', async () => {
      const events = {
        onChallenge: (context: ChallengeContext) => {
          context.handleResponse()
          context.res.status(418).end()
        },
      }
      const handler = guard((p) => p.requireAcr('gold'))
      expect(await ask([handler], await bearer({}), { events })).toBe('418 -')
    })

    test('with an error that says so', async () => {
      const app = createApp(
        express,
        jwtBearer(issuer.options),
        guard((p) => p.requireAcr('gold')),
      )
      const errors = keepErrors(app)
      await request(app)
        .get('/')
        .set('Authorization', await bearer({}))
        .expect(401)
      expect(errors[0]).toMatchObject({
        code: 'ERR_INSUFFICIENT_USER_AUTHENTICATION',
        status: 401,
        expose: true,
      })
    })
  })
})

describe('a set-up of challenges', () => {
  test.each([
    ['a relative address', '/metadata', /absolute URL/],
    ['an address without a host', 'https:metadata', /absolute URL/],
    ['http', 'http://api.example.com/x', /https/],
    ['a fragment', `${metadata}#x`, /fragment/],
    ['an empty fragment', `${metadata}#`, /fragment/],
    ['a user name', 'https://u@api.example.com/x', /user name/],
    ['a space', `${metadata} `, /visible ASCII/],
    ['a quote', `${metadata}"`, /visible ASCII/],
    ['a letter outside ASCII', `${metadata}é`, /visible ASCII/],
    ['another scheme', 'ftp://api.example.com/x', /https/],
    ['a number', 5, /resourceMetadata/],
  ])('is refused for metadata at %s', (_, resourceMetadata, text) => {
    expect(() =>
      jwtBearer({ ...issuer.options, resourceMetadata: resourceMetadata as string }),
    ).toThrow(text)
  })

  test.each([
    metadata,
    'http://localhost:3000/x',
    'http://127.0.0.1/x',
    'http://[::1]/x',
    undefined,
  ])('takes metadata at %s', (resourceMetadata) => {
    expect(() => jwtBearer({ ...issuer.options, resourceMetadata })).not.toThrow()
  })

  test.each<[string, AuthorizeArgument]>([
    ['no level', (p) => p.requireAcr()],
    ['a level with a space', (p) => p.requireAcr('a b')],
    ['a level with a quote', (p) => p.requireAcr('a"')],
    ['an empty level', (p) => p.requireAcr('')],
    ['no age', (p) => p.requireRecentAuthentication(0)],
    ['a negative age', (p) => p.requireRecentAuthentication(-1)],
    ['half a second', (p) => p.requireRecentAuthentication(0.5)],
    ['no number', (p) => p.requireRecentAuthentication(NaN)],
    ['a text', (p) => p.requireRecentAuthentication('60' as unknown as number)],
    ['an endless age', (p) => p.requireRecentAuthentication(Infinity)],
    ['milliseconds', (p) => p.requireRecentAuthentication(400 * 86_400 + 1)],
  ])('is refused for %s', (_, policy) => {
    expect(() => guard(policy)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  })
})
