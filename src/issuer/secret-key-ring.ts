import type { JWK } from 'jose'
import { ConfigurationError } from '../core/errors.js'
import { secretFault, SymmetricKey } from '../core/keys/symmetric-key.js'
import type { KeyRing } from './key-ring.js'

/** Makes a key ring of one shared secret that never changes and is never published. */
export function secretKeyRing(secret: SymmetricKey): KeyRing {
  const text = SymmetricKey.secretOf(secret)
  const fault = secretFault(text)
  if (fault !== undefined) throw new ConfigurationError(`"keys" cannot be used: ${fault}`)
  const key = new Uint8Array(Buffer.from(text as string))
  const jwk: JWK = { kty: 'oct', alg: 'HS256', k: Buffer.from(key).toString('base64url') }
  return {
    signer: () => Promise.resolve({ kid: undefined, algorithm: 'HS256', key }),
    jwks: () => Promise.resolve({ keys: [] }),
    verifiers: () => Promise.resolve([jwk]),
    rotate: () =>
      Promise.reject(
        new ConfigurationError('A shared secret cannot rotate: use createKeyRing() for that'),
      ),
  }
}
