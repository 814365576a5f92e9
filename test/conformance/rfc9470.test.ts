import express from 'express'
import { createAuthorization, jwtBearer, type AuthorizeArgument } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, keepErrors } from '../support/create-app.js'

const now = 1_800_000_000
const issuer = await createTestIssuer({ alg: 'ES256' })
const { authorize } = createAuthorization({ clock: () => now * 1000 })

async function ask(policy: AuthorizeArgument, claims: object) {
  const app = createApp(express, jwtBearer(issuer.options), authorize(policy))
  keepErrors(app)
  const { status, headers } = await request(app)
    .get('/')
    .set(await issuer.bearer({ ...claims }))
  return `${status} ${headers['www-authenticate'] ?? '-'}`
}

describe('RFC 9470', () => {
  test.each<[section: string, rule: string, AuthorizeArgument, object, string]>([
    [
      '3',
      'the error is insufficient_user_authentication, with 401 and the Bearer scheme',
      (p) => p.requireAcr('myACR'),
      {},
      '401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
    ],
    [
      '3',
      'acr_values is a space-separated list in order of preference',
      (p) => p.requireAcr('phrh', 'phr'),
      { acr: 'pwd' },
      '401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="phrh phr"',
    ],
    [
      '3',
      'max_age is a non-negative integer in seconds',
      (p) => p.requireRecentAuthentication(5),
      { auth_time: now - 6 },
      '401 Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"',
    ],
    [
      '3',
      'acr_values and max_age may both be there',
      (p) => p.requireAcr('myACR').requireRecentAuthentication(5),
      { acr: 'x', auth_time: now - 6 },
      '401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required; More recent authentication is required", acr_values="myACR", max_age="5"',
    ],
    [
      '3',
      'scope tells which scopes the new token needs',
      (p) => p.requireScope('pay').requireAcr('myACR'),
      { scope: 'read' },
      '401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", scope="pay", acr_values="myACR"',
    ],
    [
      '6.1',
      'acr and auth_time of the JWT decide',
      (p) => p.requireAcr('myACR').requireRecentAuthentication(5),
      { acr: 'myACR', auth_time: now - 5 },
      '200 -',
    ],
    [
      '6.1',
      'acr is compared as an opaque text',
      (p) => p.requireAcr('1'),
      { acr: '2' },
      '401 Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="1"',
    ],
    [
      '6.1',
      'an age that the token does not tell is not met',
      (p) => p.requireRecentAuthentication(5),
      { iat: now },
      '401 Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"',
    ],
  ])('%s: %s', async (_section, _rule, policy, claims, expected) => {
    expect(await ask(policy, claims)).toBe(expected)
  })
})
