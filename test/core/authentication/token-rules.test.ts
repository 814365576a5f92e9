import { jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { describe, expect, test } from 'vitest'

const audience = 'api://orders'

describe('the options for an issuer', () => {
  test.each<[what: string, options: JwtBearerOptions, message: string]>([
    [
      'the address of the keys beside an authority',
      { audience, authority: 'https://one.test', jwksUri: 'https://one.test/jwks' },
      '"jwksUri" takes the place of the metadata',
    ],
    [
      'the address of the keys beside that of the metadata',
      { audience, metadataAddress: 'https://one.test/metadata', jwksUri: 'https://one.test/jwks' },
      '"jwksUri" takes the place of the metadata',
    ],
    [
      'the address of the keys without an issuer',
      { audience, jwksUri: 'https://one.test/jwks' },
      '"tokenValidationParameters.validIssuer" is missing',
    ],
    [
      'an authority over http',
      { audience, authority: 'http://one.test' },
      '"authority" is not https:, so anyone on the way could replace the keys; use https:, or set "requireHttpsMetadata" to false on your own machine, got "http://one.test"',
    ],
    [
      'an authority that is no address',
      { audience, authority: 'one.test' },
      '"authority" is not a URL, got "one.test"',
    ],
    [
      'an authority with a query',
      { audience, authority: 'https://one.test?tenant=1' },
      '"authority" must have no query and no fragment',
    ],
    [
      'no claim for roles',
      {
        audience,
        authority: 'https://one.test',
        tokenValidationParameters: { roleClaimType: [] },
      },
      '"tokenValidationParameters.roleClaimType" must not be empty',
    ],
  ])('are refused with %s', (_what, options, message) => {
    const make = () => jwtBearer(options)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(make).toThrow(message)
  })

  test('are refused with a password in an address, which is not repeated', () => {
    const make = () => jwtBearer({ audience, authority: 'https://me:secret@one.test' })
    expect(make).toThrow(
      '"authority" holds a user name or password; send credentials by a "fetch" of your own, got "https://one.test"',
    )
  })

  test('may have an authority and the address of its metadata', () => {
    const metadataAddress = 'https://one.test/metadata'
    expect(() =>
      jwtBearer({ audience, authority: 'https://one.test', metadataAddress }),
    ).not.toThrow()
  })
})
