import { inspect } from 'node:util'
import { dpop } from 'express-jwt-bearer/dpop'
import { describe, expect, test } from 'vitest'
import { setUpError } from '../support/tokens.js'
import { options, publicUrl, secret } from './set-up.js'

describe('dpop', () => {
  test('says what the metadata of the resource needs', () => {
    expect(dpop({ ...options, validAlgorithms: ['ES256', 'PS256'] })).toMatchObject({
      method: 'jkt',
      metadata: {
        dpop_signing_alg_values_supported: ['ES256', 'PS256'],
        dpop_bound_access_tokens_required: true,
      },
      credentials: { algs: 'ES256 PS256', allowBearerTokens: false, freshNonce: undefined },
    })
    const both = dpop({ ...options, allowBearerTokens: true })
    expect(both.metadata['dpop_bound_access_tokens_required']).toBe(false)
    expect(both.credentials?.algs).toBe('ES256 EdDSA Ed25519 ES384 ES512 PS256 PS384 PS512 RS256')
  })

  test('shows no secret', () => {
    const made = dpop({ ...options, nonce: { secret } })
    expect(inspect(made, { depth: 9 }) + JSON.stringify(made)).not.toContain(secret)
  })

  test.each<[publicUrl: unknown]>([
    ['https://api.example.com'],
    ['https://api.example.com/'],
    ['https://api.example.com:8443/gw/'],
    ['http://localhost:3000'],
    ['http://app.localhost'],
    ['http://127.0.0.1:3000'],
    ['http://127.8.0.1'],
    ['http://[::1]:3000'],
    [[publicUrl, 'https://b.example']],
    [() => publicUrl],
  ])('takes the publicUrl %o', (given) => {
    expect(dpop({ ...options, publicUrl: given as never }).method).toBe('jkt')
  })

  test.each<[given: object, texts: string[]]>([
    [{ publicUrl: undefined }, ['"publicUrl" is missing']],
    [{ publicUrl: '' }, ['"publicUrl" must be an absolute URL', 'an empty string']],
    [{ publicUrl: 5 }, ['"publicUrl"', 'got 5']],
    [{ publicUrl: [] }, ['"publicUrl" must not be empty']],
    [{ publicUrl: [publicUrl, 'x'] }, ['"publicUrl[1]" must be an absolute URL', '"x"']],
    [{ publicUrl: 'api.example.com' }, ['must be an absolute URL', '"api.example.com"']],
    [{ publicUrl: '/gw' }, ['must be an absolute URL', '"/gw"']],
    [{ publicUrl: 'http://api.example.com' }, ['must be https:', '"http://api.example.com"']],
    [{ publicUrl: 'http://localhost.evil.example' }, ['must be https:']],
    [{ publicUrl: 'ftp://api.example.com' }, ['must be https:']],
    [{ publicUrl: 'https://API.example.com' }, ['"https://api.example.com"', 'API']],
    [{ publicUrl: 'https://api.example.com:443' }, ['"https://api.example.com"', ':443']],
    [{ publicUrl: 'https://api.example.com/a/../b' }, ['"https://api.example.com/b"']],
    [{ publicUrl: 'https://api.example.com/a/%2e%2e/b' }, ['"https://api.example.com/b"']],
    [{ publicUrl: 'https://api.example.com/a b' }, ['"https://api.example.com/a%20b"']],
    [{ publicUrl: ' https://api.example.com' }, ['"https://api.example.com"']],
    [{ publicUrl: 'https:api.example.com' }, ['"https://api.example.com"']],
    [{ publicUrl: 'https://api.example.com\\gw' }, ['"https://api.example.com/gw"']],
    [{ publicUrl: 'https://api.example.com/?x=1' }, ['must have no query']],
    [{ publicUrl: 'https://api.example.com/?' }, ['must have no query']],
    [{ publicUrl: 'https://api.example.com/#' }, ['no fragment']],
    [{ publicUrl: 'https://u@api.example.com' }, ['must have no user name']],
    [
      { replayCache: undefined },
      ['"replayCache" is missing', 'Memory', 'Redis', 'Postgres', 'false'],
    ],
    [{ replayCache: {} }, ['"replayCache"', 'addIfAbsent']],
    [{ replayCache: true }, ['"replayCache"', 'addIfAbsent']],
    [{ replayCache: null }, ['"replayCache"', 'addIfAbsent']],
    [{ validAlgorithms: [] }, ['"validAlgorithms" must not be empty']],
    [{ validAlgorithms: ['HS256'] }, ['"validAlgorithms"', '"HS256"']],
    [{ validAlgorithms: ['ES256', 'none'] }, ['"validAlgorithms"', '"none"']],
    [{ validAlgorithms: ['ES256K'] }, ['"validAlgorithms"', '"ES256K"']],
    [{ validAlgorithms: 'ES256' }, ['"validAlgorithms"']],
    [{ proofLifetime: -1 }, ['"proofLifetime"', '-1']],
    [{ proofLifetime: 60_000 }, ['"proofLifetime"', 'seconds, not milliseconds?']],
    [{ clockSkew: -1 }, ['"clockSkew"', '-1']],
    [{ clockSkew: 301 }, ['"clockSkew"', 'seconds, not milliseconds?']],
    [{ proofLifeTime: 5 }, ['"proofLifeTime"', 'did you mean "proofLifetime"?']],
    [{ maxProofLength: 0 }, ['"maxProofLength"']],
    [{ allowBearerTokens: 'yes' }, ['"allowBearerTokens"']],
    [{ clock: 5 }, ['"clock"']],
    [{ nonce: true }, ['"nonce" must be an object']],
    [{ nonce: {} }, ['"nonce.secret"']],
    [{ nonce: { validateIssuedAt: true } }, ['"nonce.secret"']],
    [{ nonce: { secret: 'short' } }, ['"nonce.secret"', '5 bytes']],
    [{ nonce: { secret: [] } }, ['"nonce.secret"']],
    [{ nonce: { secret: 5 } }, ['"nonce.secret"', 'got 5']],
    [{ nonce: { secret: `-----BEGIN PUBLIC KEY-----\n${secret}` } }, ['a key or a certificate']],
    [{ nonce: { secret: [secret, 'short'] } }, ['"nonce.secret"', '5 bytes']],
    [{ nonce: { secret: 'x'.repeat(40) } }, ['"nonce.secret"', 'one repeated character']],
    [{ nonce: { secret: 'REPLACE_WITH_A_LONG_RANDOM_SECRET_TEXT' } }, ['placeholder']],
    [{ nonce: { secret, lifetime: -1 } }, ['"nonce.lifetime"', '-1']],
    [{ nonce: { secret, lifetime: 86_401 } }, ['"nonce.lifetime"', 'milliseconds']],
    [{ nonce: { secret, validateIssuedAt: 1 } }, ['"nonce.validateIssuedAt"']],
    [{ nonce: { secret, lifeTime: 1 } }, ['"lifeTime"', '"lifetime"']],
  ])('refuses %o', (given, texts) => {
    const error = setUpError(() => dpop({ ...options, ...given }))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
    for (const text of texts) expect(error.message).toContain(text)
  })

  test.each([
    ['https://user:hunter2@api.example.com/?hunter2#hunter2'],
    ['https://api.example.com/?key=hunter2'],
    ['http://user:hunter2@api.example.com'],
    ['user:hunter2@api.example.com'],
    ['//user:hunter2@api.example.com:x'],
  ])('does not repeat a password of %s', (given) => {
    const error = setUpError(() => dpop({ ...options, publicUrl: given }))
    expect(error.message).not.toContain('hunter2')
  })

  test('never repeats the secret of nonces', () => {
    const error = setUpError(() => dpop({ ...options, nonce: { secret: 'hunter2' } }))
    expect(error.message).not.toContain('hunter2')
  })
})
