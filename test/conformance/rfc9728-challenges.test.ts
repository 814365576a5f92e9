import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, keepErrors } from '../support/create-app.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const token = await issuer.token()
const resourceMetadata = 'https://resource.example.com/.well-known/oauth-protected-resource'

async function ask(authorization?: string) {
  const app = createApp(
    express,
    jwtBearer({ ...issuer.options, resourceMetadata }),
    authorize((policy) => policy.requireScope('read')),
  )
  keepErrors(app)
  const call = request(app).get('/')
  const { status, headers } = await (authorization === undefined
    ? call
    : call.set('Authorization', authorization))
  return `${status} ${headers['www-authenticate'] ?? '-'}`
}

describe('RFC 9728', () => {
  test.each<[section: string, rule: string, string | undefined, string]>([
    [
      '5.1',
      'resource_metadata is the URL of the metadata',
      undefined,
      `401 Bearer scope="read", resource_metadata="${resourceMetadata}"`,
    ],
    [
      '5.1',
      'it stands beside the parameters of RFC 6750',
      'Bearer x',
      `401 Bearer error="invalid_token", scope="read", resource_metadata="${resourceMetadata}"`,
    ],
    [
      '5.1',
      'it may stand in any challenge, whatever its status',
      'Bearer a b',
      `400 Bearer error="invalid_request", resource_metadata="${resourceMetadata}"`,
    ],
    [
      '5.1',
      'a token of too little scope learns it as well',
      `Bearer ${token}`,
      `403 Bearer error="insufficient_scope", scope="read", resource_metadata="${resourceMetadata}"`,
    ],
  ])('%s: %s', async (_section, _rule, authorization, expected) => {
    expect(await ask(authorization)).toBe(expected)
  })
})
