import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { clientCertificate } from 'express-jwt-bearer/mtls'
import {
  protectedResourceMetadata,
  type ProtectedResourceOptions,
} from 'express-jwt-bearer/protected-resource'
import { describe, expect, test } from 'vitest'

const publicUrl = 'https://api.example.com'
const replayCache = createMemoryReplayCache()
const bound = dpop({ publicUrl, replayCache })

function membersOf(proofOfPossession: ProtectedResourceOptions['proofOfPossession']) {
  const { document } = protectedResourceMetadata({
    resource: 'https://api.example.com/mcp',
    authorizationServers: ['https://idp.test/'],
    proofOfPossession,
  })
  return Object.fromEntries(Object.entries(document).slice(3))
}

describe('proofOfPossession', () => {
  test('publishes algorithms, and that tokens must be bound', () => {
    expect(membersOf(bound)).toEqual({
      dpop_signing_alg_values_supported: [
        'ES256',
        'EdDSA',
        'Ed25519',
        'ES384',
        'ES512',
        'PS256',
        'PS384',
        'PS512',
        'RS256',
      ],
      dpop_bound_access_tokens_required: true,
    })
  })

  test('publishes that they need not be where bearer tokens are allowed, and that certificates count', () => {
    const validAlgorithms = ['ES256', 'EdDSA']
    const either = dpop({ publicUrl, replayCache, allowBearerTokens: true, validAlgorithms })
    expect(membersOf([either, clientCertificate()])).toEqual({
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
      dpop_bound_access_tokens_required: false,
      tls_client_certificate_bound_access_tokens: true,
    })
    expect(membersOf(clientCertificate())).toEqual({
      tls_client_certificate_bound_access_tokens: true,
    })
    expect(membersOf([])).toEqual({})
  })

  test.each([
    ['null', null],
    ['its options', [{ publicUrl, replayCache }]],
    ['the function', dpop],
    ['true', true],
  ])('refuses %s', (_case, proofOfPossession) => {
    expect(() => membersOf(proofOfPossession as never)).toThrow(
      '"proofOfPossession[0]" must be made by dpop() or clientCertificate(), got ',
    )
  })

  test('refuses two of a kind', () => {
    expect(() => membersOf([bound, bound])).toThrow('"proofOfPossession" must hold one dpop()')
  })
})
