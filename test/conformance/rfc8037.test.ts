import { describe, expect, test } from 'vitest'
import { holds } from '../support/vectors.js'

const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const header = 'eyJhbGciOiJFZERTQSJ9'
const payload = 'RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
const signature =
  'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

describe('RFC 8037 appendix A.4', () => {
  test('Ed25519: the signature holds for its content alone', async () => {
    expect(await holds(jwk, `${header}.${payload}.${signature}`)).toBe(true)
    expect(await holds(jwk, `${header}.${payload.slice(0, -3)}.${signature}`)).toBe(false)
  })

  test('Ed25519: the signature is bound to the name of its algorithm', async () => {
    const renamed = Buffer.from('{"alg":"Ed25519"}').toString('base64url')
    expect(await holds(jwk, `${renamed}.${payload}.${signature}`)).toBe(false)
  })
})
