import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { jwtBearer } from 'express-jwt-bearer'
import { holds } from '../support/vectors.js'

// RFC 7515 appendix A: {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}
const payload =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const exp = 1_300_819_380

const examples: [name: string, jwk: JWK, token: string][] = [
  [
    'A.1, HS256',
    {
      kty: 'oct',
      k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    },
    `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  ],
  [
    'A.2, RS256',
    {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  ],
  [
    'A.3, ES256',
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  ],
]

const es512: JWK = {
  kty: 'EC',
  crv: 'P-521',
  x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
  y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
}
const es512Token =
  'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn'

function judged(jwk: JWK, token: string, time: number) {
  const middleware = jwtBearer({
    clock: () => time * 1000,
    tokenValidationParameters: {
      validIssuer: 'joe',
      validateAudience: false,
      clockSkew: 0,
      issuerSigningKey: jwk,
    },
  })
  return middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
}

describe('RFC 7515 appendix A', () => {
  test.each(examples)('%s: the token is good until it expires', async (_name, jwk, token) => {
    expect(await judged(jwk, token, exp - 1)).toMatchObject({
      kind: 'success',
      principal: { claims: { iss: 'joe', exp, 'http://example.com/is_root': true } },
    })
    expect(await judged(jwk, token, exp)).toMatchObject({ error: { code: 'ERR_TOKEN_EXPIRED' } })
  })

  test.each([...examples, ['A.4, ES512', es512, es512Token] as const])(
    '%s: the signature holds for its content alone',
    async (_name, jwk, token) => {
      expect(await holds(jwk, token)).toBe(true)
      const [header, , signature] = token.split('.') as [string, string, string]
      expect(await holds(jwk, `${header}.e30.${signature}`)).toBe(false)
    },
  )

  test('A.4, ES512: content that is no JSON makes no caller', async () => {
    expect(await judged(es512, es512Token, exp)).toMatchObject({
      error: { code: 'ERR_TOKEN_MALFORMED' },
    })
  })

  test('A.5: an unsecured token is refused', async () => {
    const [, jwk] = examples[0] as (typeof examples)[0]
    expect(await judged(jwk, `eyJhbGciOiJub25lIn0.${payload}.`, exp - 1)).toMatchObject({
      error: { code: 'ERR_TOKEN_ALGORITHM_NOT_ALLOWED' },
    })
  })

  test('E: a token with a critical extension nobody knows is refused', async () => {
    const [, jwk] = examples[0] as (typeof examples)[0]
    const token =
      'eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.'
    expect(await judged(jwk, token, exp)).toMatchObject({ error: { code: 'ERR_TOKEN_MALFORMED' } })
  })
})
