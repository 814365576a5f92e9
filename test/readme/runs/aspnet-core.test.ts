import express from 'express'
import { createPrincipal, type Authorization, type JwtClaims } from 'express-jwt-bearer'
import { SignJWT, type JWTPayload } from 'jose'
import { randomBytes } from 'node:crypto'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { expectTrustIn, issuer, mount, options, orders, protect } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

const now = () => Math.floor(Date.now() / 1000)

describe('the snippets of examples/aspnet-core.md', () => {
  const take = useSnippets('examples/aspnet-core.md')

  test('trust an authority', async () => {
    await expectTrustIn(take('Side by side'))
  })

  test('check what TokenValidationParameters would check', async () => {
    const app = express()
    const secret = randomBytes(32)
    await runSnippet(take('Side by side', 1), { app, secret })
    const ask = protect(app)
    const status = async (claims: JWTPayload) => {
      const payload = { iss: 'https://issuer.example', aud: 'api://orders', exp: now(), ...claims }
      const token = new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(secret)
      return ask(await token)
    }
    expect(await status({ exp: now() - 50 })).toBe(200)
    expect(await status({ exp: now() - 70 })).toBe(401)
    expect(await status({ iss: 'https://another.example' })).toBe(401)
    expect(await status({ aud: 'api://another' })).toBe(401)
  })

  test('refuse what was revoked', async () => {
    const app = express()
    const isRevoked = (jti: string) => Promise.resolve(jti === 'gone')
    await runSnippet(take('Side by side', 2), { app, options, isRevoked })
    const ask = protect(app)
    const status = async (jti: string) => ask(await issuer.token({ jti }))
    expect([await status('here'), await status('gone')]).toEqual([200, 401])
  })

  test('guard routes and groups with the policies of another file', async () => {
    const { exports } = await runSnippet(take('Side by side', 3), {})
    const policies = { './policies.js': exports }
    const policy = exports as Authorization<'AdminOnly'>
    const may = async (name: 'AdminOnly', claims: JwtClaims) =>
      (await policy.evaluate(name, createPrincipal(claims))).succeeded
    expect(await may('AdminOnly', { role: 'Admin' })).toBe(true)
    expect(await may('AdminOnly', {})).toBe(false)

    for (const index of [4, 5]) {
      const app = express()
      mount(app)
      await runSnippet(take('Side by side', index), { app, orders }, policies)
      const reader = await issuer.bearer({ scope: 'orders.read' })
      await request(app).get('/api/orders').set(reader).expect(200, orders)
      await request(app)
        .get('/api/orders')
        .set(await issuer.bearer())
        .expect(403)
      const owner = await issuer.bearer({ roles: ['Owner'] })
      const created = await request(app).post('/api/orders').set(owner)
      expect(created.status).toBe(index === 4 ? 201 : 403)
    }
  })
})
