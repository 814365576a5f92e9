import express from 'express'
import { authorize } from 'express-jwt-bearer'
import * as dpop from 'express-jwt-bearer/dpop'
import * as issuerEntry from 'express-jwt-bearer/issuer'
import type { Session } from 'express-jwt-bearer/session'
import * as tokens from 'express-jwt-bearer/tokens'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/user-tokens/README.md', () => {
  const take = useSnippets('examples/user-tokens/README.md')

  test('call an API as the user, within a request and without one', async () => {
    const app = express()
    const session: { user?: tokens.UserKey } = {}
    app.use((req, _res, next) => {
      Object.assign(req, { session })
      next()
    })
    const asked: [url: string, token: string | null][] = []
    vi.stubGlobal('fetch', (ask: Request) => {
      asked.push([ask.url, ask.headers.get('Authorization')])
      return Promise.resolve(Response.json({ order: 1 }))
    })
    const revoke = vi.fn(() => Promise.resolve())
    const answer = { access_token: 'of alice', token_type: 'bearer', refresh_token: 'r' }
    const openid = {
      discovery: () => ({
        timeout: 5,
        serverMetadata: () => ({ revocation_endpoint: 'https://issuer.example/revoke' }),
      }),
      authorizationCodeGrant: () => ({ ...answer, claims: () => ({ sub: 'alice' }) }),
    }
    const entry = {
      ...tokens,
      openidClient: (config: Parameters<typeof tokens.openidClient>[0]) => ({
        ...tokens.openidClient(config),
        revoke,
      }),
    }
    const heading = 'Calling APIs as the user'
    const { values } = await runSnippet(
      take(heading),
      { app },
      { 'express-jwt-bearer/tokens': entry, 'openid-client': openid },
      ['ordersApi'],
    )

    await request(app).get('/orders').expect(500)
    await request(app).get('/callback?code=1').expect(302).expect('Location', '/orders')
    await request(app).get('/orders').expect(200, { order: 1 })
    await runSnippet(take(heading, 1), { ...values, job: { user: session.user } })
    const call = ['https://api.example/orders/latest', 'Bearer of alice']
    expect(asked).toEqual([call, call])
    await request(app).post('/logout').expect(302)
    expect([session, revoke.mock.calls]).toEqual([{}, [['r']]])
    await request(app).get('/orders').expect(500)
  })

  test('prove a store of user tokens', async () => {
    const cases = new Map<string, () => Promise<void>>()
    const vitest = { test: (name: string, body: () => Promise<void>) => cases.set(name, body) }
    const createMyStore = () => tokens.createMemoryUserTokenStore()
    const modules = { vitest, 'node:timers/promises': { setTimeout: () => Promise.resolve() } }
    await runSnippet(take('Stores of user tokens'), { createMyStore }, modules)
    expect(cases.size).toBeGreaterThan(10)
    for (const run of cases.values()) await run()
  })

  test('end sessions and access tokens when the issuer says that their user has left', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const authority = 'https://issuer.example'
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }
    vi.stubGlobal('fetch', (address: string | URL) =>
      Promise.resolve(
        Response.json(
          String(address).endsWith('/jwks')
            ? { keys: [jwk] }
            : { issuer: authority, jwks_uri: `${authority}/jwks` },
        ),
      ),
    )
    const sign = (typ: string, claims: object) =>
      new SignJWT({ iss: authority, sub: 'alice', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'one', typ })
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(privateKey)
    const logout = (app: express.Express, claims: object) =>
      sign('logout+jwt', {
        aud: 'shop-web',
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...claims,
      }).then((logout_token) =>
        request(app).post('/backchannel-logout').type('form').send({ logout_token }),
      )

    const denyList = issuerEntry.createMemoryDenyList()
    const modules = {
      'express-jwt-bearer/dpop': dpop,
      'express-jwt-bearer/issuer': { ...issuerEntry, createMemoryDenyList: () => denyList },
    }
    const ofSession = await sign('at+jwt', { aud: 'api://orders', sid: 's-1' })
    const askIssuer = () => Promise.resolve({ accessToken: ofSession, refreshToken: 'secret' })
    const [web, api, other] = [express(), express(), express()]
    const heading = 'Signed out at the provider'
    const given = { app: web, askIssuer }
    const { values } = await runSnippet(take(heading), given, modules, ['session'])
    const { session } = values as { session: Session }
    web.use(express.json(), session.routes)
    web.get('/in', async (req, res) => {
      res.json((await session.tokenStore(req, res).get()) !== undefined)
    })
    await runSnippet(take('APIs that ask the list'), { app: api }, modules)
    api.get('/orders', authorize(), (_, res) => res.json('orders'))
    await runSnippet(take('APIs that ask the list', 1), { app: other }, modules)

    const signedIn = await request(web).post('/tokens/create').send({}).expect(200)
    const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[]
    const isIn = () => request(web).get('/in').set('Cookie', cookie)
    const call = (token: string) => request(api).get('/orders').auth(token, { type: 'bearer' })
    await isIn().expect(200, 'true')
    await call(ofSession).expect(200)

    expect((await logout(web, { jti: 'one', sid: 's-2' })).status).toBe(200)
    await isIn().expect(200, 'true')
    expect((await logout(web, { jti: 'two', sid: 's-1' })).status).toBe(200)
    await isIn().expect(200, 'false')
    await call(ofSession).expect(401)

    const withoutSession = await sign('at+jwt', { aud: 'api://orders' })
    await call(withoutSession).expect(200)
    expect((await logout(other, { jti: 'three', sid: 's-1' })).status).toBe(200)
    await call(withoutSession).expect(401)
  })
})
