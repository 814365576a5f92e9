import type { ErrorRequestHandler, Request } from 'express'
import {
  authorize,
  createPrincipal,
  jwtBearer,
  type Middleware,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { introspection } from 'express-jwt-bearer/introspection'
import { mcpAuthInfo, type AuthInfo } from 'express-jwt-bearer/protected-resource'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { frameworks } from '../support/create-app.js'

const audience = 'https://api.example.com/mcp'
const issuer = await createTestIssuer({ audience })

describe.each(frameworks)('mcpAuthInfo on $framework', ({ express }) => {
  /** What a handler behind these is told about who sends the request. */
  async function told(handlers: readonly Middleware[], authorization?: string) {
    let info: AuthInfo | undefined
    let seen: Request | undefined
    const app = express()
    for (const handler of handlers) app.use(handler)
    app.get('/', (req, res) => {
      seen = req
      info = mcpAuthInfo(req)
      res.end()
    })
    const onError: ErrorRequestHandler = (error: Error, _req, res, next) => {
      if (res.headersSent) next(error)
      else res.status(500).json(error.message)
    }
    app.use(onError)
    const call = request(app).get('/')
    const answer = await (authorization === undefined
      ? call
      : call.set('Authorization', authorization))
    return { info, status: answer.status, body: answer.body as unknown, req: seen as Request }
  }

  async function infoOf(claims: object, more: Partial<JwtBearerOptions> = {}) {
    const token = await issuer.token({ ...claims })
    const { info } = await told(
      [jwtBearer({ ...issuer.options, ...more }), authorize()],
      `Bearer ${token}`,
    )
    return { ...(info as AuthInfo), expected: token }
  }

  test('tells everything that is known', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60
    const claims = { sub: 'alice', client_id: 'agent', scope: 'mcp.use files', scp: ['more'], exp }
    const { expected, ...info } = await infoOf(claims)
    expect(info).toEqual({
      token: expected,
      clientId: 'agent',
      scopes: ['mcp.use', 'files', 'more'],
      expiresAt: exp,
      resource: new URL(audience),
      extra: { subject: 'alice' },
    })
  })

  test('leaves out what is unknown', async () => {
    const { expected, ...info } = await infoOf(
      { sub: undefined, exp: undefined, aud: 'api://x' },
      {
        audience: 'api://x',
        tokenValidationParameters: {
          ...issuer.options.tokenValidationParameters,
          requireExpirationTime: false,
        },
      },
    )
    expect(Object.entries(info)).toEqual([
      ['token', expected],
      ['clientId', ''],
      ['scopes', []],
      ['extra', {}],
    ])
  })

  test.each([
    ['client_id', { client_id: 'a', azp: 'b', cid: 'c', appid: 'd' }, 'a'],
    ['azp', { azp: 'b', cid: 'c', appid: 'd' }, 'b'],
    ['cid', { client_id: null, cid: 'c', appid: 'd' }, 'c'],
    ['appid', { client_id: '', appid: 'd' }, 'd'],
    ['none of them', { app: 'e' }, ''],
    [
      'an address',
      { client_id: 'https://agent.example/client.json' },
      'https://agent.example/client.json',
    ],
  ])('finds the client in %s', async (_case, claims, expected) => {
    expect((await infoOf(claims)).clientId).toBe(expected)
  })

  test.each([
    ['the audience', audience, audience],
    ['the audience with a slash', `${audience}/`, `${audience}/`],
    ['the first accepted one', ['https://other.example', audience], audience],
    [
      'the first web address',
      ['api://mcp', 'urn:mcp', 'https://mcp.example/'],
      'https://mcp.example/',
    ],
    ['none where none is a web address', ['api://mcp', 'https://other.example'], undefined],
  ])('gives as the resource %s', async (_case, aud, expected) => {
    const { resource } = await infoOf(
      { aud },
      { audience: [audience, 'api://mcp', 'urn:mcp', 'https://mcp.example'] },
    )
    expect(resource?.href).toBe(expected)
  })

  test.each([
    ['a validator', { audienceValidator: () => true }],
    ['nothing', { validateAudience: false }],
  ])('counts every audience as accepted where %s checks them', async (_case, parameters) => {
    const { resource } = await infoOf(
      { aud: ['x', 'http://[', 'http://a.example'] },
      {
        audience: undefined,
        tokenValidationParameters: { ...issuer.options.tokenValidationParameters, ...parameters },
      },
    )
    expect(resource?.href).toBe('http://a.example/')
  })

  test('tells of opaque tokens what the issuer says of them', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60
    const said = { active: true, sub: 'alice', client_id: 'agent', scope: 'a', exp, aud: audience }
    const bearer = jwtBearer({
      authority: 'https://issuer.example',
      audience,
      fetch: (address) =>
        Promise.resolve(
          Response.json(
            new Request(address).url.includes('.well-known')
              ? {
                  issuer: 'https://issuer.example',
                  jwks_uri: 'https://issuer.example/jwks',
                  introspection_endpoint: 'https://issuer.example/introspect',
                }
              : said,
          ),
        ),
      introspection: introspection({
        clientId: 'mcp',
        clientSecret: 'a secret of 32 characters at least',
        tokens: 'all',
      }),
    })
    const { info } = await told([bearer, authorize()], 'Bearer opaque')
    expect(info).toEqual({
      token: 'opaque',
      clientId: 'agent',
      scopes: ['a'],
      expiresAt: exp,
      resource: new URL(audience),
      extra: { subject: 'alice' },
    })
  })

  test('gives each server scopes of its own', async () => {
    const token = await issuer.token({ scope: 'a' })
    const { req } = await told([jwtBearer(issuer.options), authorize()], `Bearer ${token}`)
    mcpAuthInfo(req)?.scopes.push('b')
    expect(mcpAuthInfo(req)?.scopes).toEqual(['a'])
    expect(req.user?.scopes).toEqual(['a'])
  })

  test.each([
    ['in front of every jwtBearer()', [], true],
    ['that no guard stands before', [jwtBearer(issuer.options)], true],
    [
      'that is optional, for nobody',
      [jwtBearer(issuer.options), authorize({ optional: true })],
      false,
    ],
  ])('tells nothing on a route %s', async (_case, handlers, sends) => {
    const bearer = sends ? `Bearer ${await issuer.token()}` : undefined
    const { info, status } = await told(handlers, bearer)
    expect([status, info]).toEqual([200, undefined])
  })

  test('tells of the caller that the last guard let through', async () => {
    const other = await createTestIssuer({ audience: 'https://other.example' })
    const both = [
      jwtBearer({ ...issuer.options, scheme: 'one' }),
      jwtBearer({
        ...other.options,
        scheme: 'two',
        events: {
          onMessageReceived: (context) => {
            context.token = context.req.get('x-token')
          },
        },
      }),
      authorize({ schemes: 'one' }),
    ]
    const { info } = await told(both, `Bearer ${await issuer.token({ sub: 'one' })}`)
    expect(info?.extra.subject).toBe('one')
  })

  test('throws where tokens are not kept, but not on a public route', async () => {
    const authentication = jwtBearer({ ...issuer.options, saveToken: false })
    const bearer = `Bearer ${await issuer.token()}`
    const { status, body } = await told([authentication, authorize()], bearer)
    expect([status, body]).toEqual([
      500,
      'mcpAuthInfo() hands out the token; leave "saveToken" of jwtBearer() at true',
    ])
    expect((await told([authentication], bearer)).status).toBe(200)
  })

  test('has an empty token where an event names the caller', async () => {
    const { info } = await told([
      jwtBearer({
        ...issuer.options,
        events: {
          onMessageReceived: (context) => {
            context.success(createPrincipal({ sub: 'machine', scope: 'a', client_id: 'm' }))
          },
        },
      }),
      authorize(),
    ])
    expect(info).toEqual({ token: '', clientId: 'm', scopes: ['a'], extra: { subject: 'machine' } })
  })
})
