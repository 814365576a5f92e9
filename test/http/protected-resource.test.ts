import type { RequestHandler } from 'express'
import { authorize, jwtBearer, type PolicyBuilderFunction } from 'express-jwt-bearer'
import { mcpAuthInfo, protectedResourceMetadata } from 'express-jwt-bearer/protected-resource'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { frameworks, keepErrors } from '../support/create-app.js'

const audience = 'https://api.example.com/mcp'
const issuer = await createTestIssuer({ audience })
const resource = protectedResourceMetadata({
  resource: audience,
  authorizationServers: [issuer.issuer],
  scopesSupported: ['mcp.use'],
})
const named = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"'

describe.each(frameworks)('an API with a document of its own on $framework', ({ express }) => {
  function appOf({
    policy = (p) => p.requireScope('mcp.use'),
    before = [],
    options = {},
  }: {
    policy?: PolicyBuilderFunction
    before?: RequestHandler[]
    options?: object
  } = {}) {
    const app = express()
    for (const handler of before) app.use(handler)
    app.use(resource)
    app.use(
      '/mcp',
      jwtBearer({
        ...issuer.options,
        audience: resource.resource,
        resourceMetadata: resource.metadataUrl,
        ...options,
      }),
      authorize(policy),
    )
    app.post('/mcp', (req, res) => {
      res.json(mcpAuthInfo(req)?.extra)
    })
    keepErrors(app)
    return app
  }

  async function ask(app: ReturnType<typeof appOf>, authorization?: string, path = '/mcp') {
    const call = request(app).post(path)
    const { status, headers } = await (authorization === undefined
      ? call
      : call.set('Authorization', authorization))
    const { 'www-authenticate': challenge } = headers as Record<string, string>
    return challenge === undefined ? String(status) : `${status} ${challenge}`
  }

  const bearer = async (claims: object) => `Bearer ${await issuer.token({ ...claims })}`

  test.each([
    ['no credentials', undefined, `401 Bearer scope="mcp.use", ${named}`],
    ['an empty token', 'Bearer', `401 Bearer scope="mcp.use", ${named}`],
    ['another scheme', 'Basic eA==', `401 Bearer scope="mcp.use", ${named}`],
    ['garbage', 'Bearer garbage', `401 Bearer error="invalid_token", scope="mcp.use", ${named}`],
    ['two tokens', 'Bearer a b', `400 Bearer error="invalid_request", ${named}`],
  ])('challenges %s', async (_case, authorization, expected) => {
    expect(await ask(appOf(), authorization)).toBe(expected)
  })

  test('names every scope at once, held or not', async () => {
    const two = appOf({ policy: (p) => p.requireScope('mcp.use').requireScope('files') })
    const both = `403 Bearer error="insufficient_scope", scope="mcp.use files", ${named}`
    expect(await ask(appOf(), await bearer({}))).toBe(
      `403 Bearer error="insufficient_scope", scope="mcp.use", ${named}`,
    )
    expect(await ask(two, await bearer({}))).toBe(both)
    expect(await ask(two, await bearer({ scope: 'mcp.use' }))).toBe(both)
    expect(await ask(two, await bearer({ scope: 'mcp.use files' }))).toBe('200')
  })

  test('writes no challenge where a wider token would not help', async () => {
    const admins = appOf({ policy: (p) => p.requireScope('mcp.use').requireRole('Admin') })
    expect(await ask(admins, await bearer({ scope: 'mcp.use' }))).toBe('403')
    expect(await ask(admins, await bearer({}))).toBe('403')
  })

  test('writes no challenge where nobody can be judged', async () => {
    const options = { fetch: () => Promise.reject(new Error('down')) }
    const down = appOf({
      options: { ...options, authority: 'https://down.test', tokenValidationParameters: {} },
    })
    expect(await ask(down, await bearer({ scope: 'mcp.use' }))).toBe('503')
  })

  test.each([
    ['the resource', audience, '200'],
    ['the resource with a slash', `${audience}/`, '200'],
    ['one among others', ['https://other.example', audience], '200'],
    ['the origin alone', 'https://api.example.com', 'refused'],
    ['a path below', `${audience}/x`, 'refused'],
    ['another spelling', 'https://API.example.com/mcp', 'refused'],
    ['the document', resource.metadataUrl, 'refused'],
  ])('takes tokens for %s as they are meant', async (_case, aud, expected) => {
    const refused = `401 Bearer error="invalid_token", error_description="The audience is invalid", scope="mcp.use", ${named}`
    const answer = await ask(appOf(), await bearer({ aud, scope: 'mcp.use' }))
    expect(answer).toBe(expected === 'refused' ? refused : expected)
  })

  test('keeps several resources apart', async () => {
    const app = express()
    for (const name of ['a', 'b']) {
      const one = protectedResourceMetadata({
        resource: `https://api.example.com/${name}`,
        authorizationServers: [issuer.issuer],
      })
      app.use(one)
      const scheme = jwtBearer({
        ...issuer.options,
        scheme: name,
        audience: one.resource,
        resourceMetadata: one.metadataUrl,
      })
      app.post(`/${name}`, scheme, authorize(), (req, res) => {
        res.json(mcpAuthInfo(req)?.resource)
      })
    }
    keepErrors(app)
    const document = 'https://api.example.com/.well-known/oauth-protected-resource'
    const forA = await bearer({ aud: 'https://api.example.com/a' })
    expect(await ask(app, undefined, '/a')).toBe(`401 Bearer resource_metadata="${document}/a"`)
    expect(await ask(app, undefined, '/b')).toBe(`401 Bearer resource_metadata="${document}/b"`)
    expect(await ask(app, forA, '/a')).toBe('200')
    expect(await ask(app, forA, '/b')).toBe(
      `401 Bearer error="invalid_token", error_description="The audience is invalid", resource_metadata="${document}/b"`,
    )
  })

  test('names the document where "metadataUrl" puts it', async () => {
    const metadataUrl = 'https://api.example.com/mcp/.well-known/oauth-protected-resource'
    const moved = protectedResourceMetadata({
      resource: audience,
      authorizationServers: [issuer.issuer],
      metadataUrl,
    })
    const app = appOf({ before: [moved], options: { resourceMetadata: moved.metadataUrl } })
    expect(await ask(app)).toBe(`401 Bearer scope="mcp.use", resource_metadata="${metadataUrl}"`)
    const answer = await request(app).get('/mcp/.well-known/oauth-protected-resource')
    expect(answer.body).toEqual(moved.document)
  })

  test('lets pages of other origins read its challenges', async () => {
    const cors: RequestHandler = (_req, res, next) => {
      res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-A' })
      next()
    }
    const { headers } = await request(appOf({ before: [cors] }))
      .post('/mcp')
      .set('Origin', 'https://app.example')
    expect(headers).toMatchObject({ 'access-control-expose-headers': 'X-A, WWW-Authenticate' })
  })

  test('takes nothing of its challenges from the request', async () => {
    const answer = await request(appOf())
      .post('/mcp')
      .set({ Host: 'evil.test', 'X-Forwarded-Host': 'evil.test' })
    expect(JSON.stringify(answer.headers)).not.toContain('evil')
  })
})
