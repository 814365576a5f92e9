import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp } from '../support/create-app.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const url = 'https://api.example.com/'

function app() {
  const replayCache = createMemoryReplayCache()
  const proofOfPossession = dpop({ publicUrl: 'https://api.example.com', replayCache })
  return createApp(express, jwtBearer({ ...issuer.options, proofOfPossession }), authorize())
}

describe('dpopClient', () => {
  test.each([undefined, 'ES256', 'EdDSA', 'PS256'])('is let in with an %s key', async (alg) => {
    const client = await issuer.dpopClient({ alg })
    const headers = await client.headers('GET', url, { sub: 'alice' })
    const answer = await request(app()).get('/').set(headers).expect(200)
    expect(answer.body).toEqual({ user: 'alice' })
  })

  test('makes proofs that are wrong as a test asks', async () => {
    const client = await issuer.dpopClient()
    const outcome = async (...given: Parameters<typeof client.headers>) => {
      const answer = await request(app())
        .get('/')
        .set(await client.headers(...given))
      return (answer.headers['www-authenticate'] ?? '').split('"')[3] ?? answer.status
    }
    expect(await outcome('POST', url)).toBe('The DPoP proof has the wrong htm')
    expect(await outcome('GET', `${url}other`)).toBe('The DPoP proof has the wrong htu')
    expect(await outcome('GET', `${url}?a=1#b`)).toBe(200)
    expect(await outcome('GET', url, {}, { proof: { jti: undefined } })).toBe(
      'The DPoP proof has the wrong jti',
    )
    expect(await outcome('GET', url, {}, { proof: 'x' })).toBe('The DPoP proof is malformed')
    expect(await outcome('GET', url, { cnf: undefined })).toBe('The token is not bound to a key')
    expect(await outcome('GET', url, {}, { expiresIn: -3600 })).toMatch('The token expired')
  })

  test('signs proofs by themselves', async () => {
    const client = await issuer.dpopClient()
    const alone = await client.proof('POST', new URL('https://issuer.test/token?x'))
    expect(decodeJwt(alone)).toMatchObject({ htm: 'POST', htu: 'https://issuer.test/token' })
    expect(decodeJwt(alone)).not.toHaveProperty('ath')
    const more = { nonce: 'n', claims: { iat: 5 }, header: { kid: 'k' } }
    const proof = await client.proof('GET', url, 'token', more)
    expect(decodeJwt(proof)).toMatchObject({
      nonce: 'n',
      iat: 5,
      ath: expect.any(String) as string,
    })
    expect(decodeProtectedHeader(proof)).toMatchObject({ typ: 'dpop+jwt', kid: 'k' })
  })
})
