import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { ask } from '../support/ask.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const token = await issuer.token({ sub: 'alice', scope: 'read' })
const expired = await issuer.token({ exp: 1000000000 })
const scoped = { ...issuer.options, realm: 'example' }

describe('RFC 6750', () => {
  // Section, what it asks for, the Authorization header, the answer of a route that asks for a scope.
  test.each([
    [
      '2.1',
      'a token in the Authorization header is accepted',
      `Bearer ${token}`,
      'read',
      '200 alice',
    ],
    [
      '2.1',
      'one space or more separates scheme and token',
      `Bearer   ${token}`,
      'read',
      '200 alice',
    ],
    ['2.1', 'the scheme is matched without regard to case', `bEARER ${token}`, 'read', '200 alice'],
    [
      '2.1',
      'a tab is no space',
      `Bearer\t${token}`,
      'read',
      '400 Bearer realm="example", error="invalid_request"',
    ],
    [
      '2.1',
      'a token is b64token',
      `Bearer ${token}§`,
      'read',
      '400 Bearer realm="example", error="invalid_request"',
    ],
    [
      '3',
      'a challenge uses the scheme Bearer and may name realm and scope',
      undefined,
      'read',
      '401 Bearer realm="example", scope="read"',
    ],
    [
      '3',
      'error_description is text for people, in ASCII',
      `Bearer ${expired}`,
      'read',
      `401 Bearer realm="example", error="invalid_token", error_description="The token expired at '2001-09-09T01:46:40.000Z'", scope="read"`,
    ],
    [
      '3.1',
      'without credentials there is no error code',
      undefined,
      'write',
      '401 Bearer realm="example", scope="write"',
    ],
    [
      '3.1',
      'another scheme is no bearer credential',
      'Basic YTpi',
      'read',
      '401 Bearer realm="example", scope="read"',
    ],
    [
      '3.1',
      'invalid_request is answered with 400',
      `Bearer ${token} ${token}`,
      'read',
      '400 Bearer realm="example", error="invalid_request"',
    ],
    [
      '3.1',
      'invalid_token is answered with 401',
      'Bearer nonsense',
      'read',
      '401 Bearer realm="example", error="invalid_token", scope="read"',
    ],
    [
      '3.1',
      'insufficient_scope is answered with 403 and names the scope',
      `Bearer ${token}`,
      'write',
      '403 Bearer realm="example", error="insufficient_scope", scope="write"',
    ],
  ])('%s: %s', async (_section, _rule, authorization, scope, expected) => {
    const header = authorization?.replace('§', '\xa7')
    expect(await ask(scoped, header, (policy) => policy.requireScope(scope))).toBe(expected)
  })

  test.each([
    ['2.2', 'a form-encoded body', '/', `access_token=${token}`],
    ['2.3', 'a URI query parameter', `/?access_token=${token}`, ''],
  ])('%s: a token is not read from %s', async (_section, _place, path, body) => {
    const app = express()
      .use(express.urlencoded({ extended: false }), jwtBearer(issuer.options), authorize())
      .post('/', (_req, res) => {
        res.json({})
      })
    const challenge = await request(app).post(path).type('form').send(body).expect(401)
    expect(challenge.headers['www-authenticate']).toBe('Bearer')
    await request(app)
      .post(path)
      .type('form')
      .send(body)
      .auth(token, { type: 'bearer' })
      .expect(200)
  })
})
