// What does a suite for a guarded API look like? Real signatures, no network, no mocks.

import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp } from './app.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
const reader = { sub: 'alice', scope: 'orders.read' }
const admin = { sub: 'adam', roles: ['Admin'] }

// One app for each test, so that an order that one of them deletes is there for the next.
const call = () => request(createApp(issuer.options))

describe('GET /health', () => {
  test('is open to everyone', async () => {
    await call().get('/health').expect(200, { healthy: true })
  })

  test('is open whatever the token is worth', async () => {
    const token = await issuer.expired()
    await call().get('/health').auth(token, { type: 'bearer' }).expect(200)
  })
})

describe('GET /orders', () => {
  test('lists the orders for a reader', async () => {
    const response = await call()
      .get('/orders')
      .set(await issuer.bearer(reader))
      .expect(200)
    expect(response.body).toEqual({ for: 'alice', orders: [{ id: 1, item: 'Tea' }] })
  })

  test('challenges a caller without a token', async () => {
    const challenge = 'Bearer scope="orders.read"'
    await call().get('/orders').expect(401).expect('WWW-Authenticate', challenge)
  })

  test.each([
    ['that has expired', issuer.expired(reader), 'The token expired at'],
    ['that is not valid yet', issuer.notYetValid(reader), 'The token is not valid before'],
    ['for another API', issuer.wrongAudience(reader), 'The audience is invalid'],
    ['from another issuer', issuer.wrongIssuer(reader), 'The issuer is invalid'],
    ['with a wrong signature', issuer.wrongSignature(reader), 'The signature is invalid'],
    ['without a signature', issuer.unsigned(reader), undefined],
  ])('refuses a token %s', async (_case, token, description) => {
    const response = await call()
      .get('/orders')
      .auth(await token, { type: 'bearer' })
      .expect(401)
    expect(response.headers['www-authenticate']).toContain('Bearer error="invalid_token"')
    if (description !== undefined)
      expect(response.headers['www-authenticate']).toContain(`error_description="${description}`)
  })

  test('asks for the scope', async () => {
    await call()
      .get('/orders')
      .set(await issuer.bearer({ sub: 'alice', scope: 'profile' }))
      .expect(403)
      .expect('WWW-Authenticate', 'Bearer error="insufficient_scope", scope="orders.read"')
  })

  test('knows a token made after the issuer changed its keys', async () => {
    const own = await createTestIssuer({ audience: 'api://orders' })
    const app = createApp(own.options)
    await own.rotateKeys()
    await request(app)
      .get('/orders')
      .set(await own.bearer(reader))
      .expect(200)
  })
})

describe('DELETE /orders/1', () => {
  test('lets an admin delete an order', async () => {
    await call()
      .delete('/orders/1')
      .set(await issuer.bearer(admin))
      .expect(204)
  })

  test('refuses a caller who is no admin', async () => {
    const response = await call()
      .delete('/orders/1')
      .set(await issuer.bearer(reader))
      .expect(403)
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })
})
