import { describe, expect, test, vi } from 'vitest'
import { symmetricKey } from 'express-jwt-bearer'
import { fixedTrust } from '../../../src/core/keys/trust.js'
import { resolveTrust, type MetadataTrust } from '../../../src/core/validation/trust-settings.js'
import { certificate } from '../../support/certificate.js'
import { secret, setUpError } from '../../support/tokens.js'

describe('resolveTrust', () => {
  const metadata = vi.fn<MetadataTrust>((keys) => fixedTrust(keys))

  test('asks for no key where an issuer publishes them, and accepts every public-key algorithm', () => {
    const { algorithms } = resolveTrust({}, metadata)
    expect(metadata).toHaveBeenLastCalledWith([])
    expect(algorithms.has('RS256') && algorithms.has('EdDSA')).toBe(true)
    expect([...algorithms].filter((name) => name.startsWith('HS'))).toEqual([])
  })

  test('adds the given keys to the published ones', () => {
    resolveTrust({ issuerSigningKey: certificate }, metadata)
    expect(metadata.mock.lastCall?.[0]).toHaveLength(1)
  })

  test('refuses a shared secret beside published keys', () => {
    const error = setUpError(() =>
      resolveTrust({ issuerSigningKey: symmetricKey(secret) }, metadata),
    )
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toBe(
      '"tokenValidationParameters.issuerSigningKey" is a shared secret and the issuer\'s published keys are not; use two jwtBearer() with a "scheme" each',
    )
  })
})
