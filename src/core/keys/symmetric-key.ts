import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { inspectAs } from '../../internal/inspection.js'
import { placeholderFault } from './placeholder.js'

/** A shared secret, marked as one by {@link symmetricKey}. Shows nothing of itself. */
export class SymmetricKey {
  readonly #secret: unknown

  constructor(secret: unknown) {
    // A copy, so that what is trusted does not change with the caller's bytes.
    this.#secret = secret instanceof Uint8Array ? Uint8Array.from(secret) : secret
  }

  /** Reads the secret of a marked key. */
  static secretOf(key: SymmetricKey): unknown {
    return key.#secret
  }
}

inspectAs(SymmetricKey, () => 'SymmetricKey {}')

/**
 * Marks a shared secret as one; a plain string is never guessed to be a secret.
 *
 * The secret is checked where the key is used: `jwtBearer()` throws for one that is shorter than the
 * hash of its algorithm (RFC 7518 section 3.2), a known placeholder, or really a public key.
 *
 * @param secret - Text (its UTF-8 bytes count) or bytes; 32 or more for HS256.
 *
 * @example A secret from the environment
 * ```ts
 * jwtBearer({
 *   audience: 'api://orders',
 *   tokenValidationParameters: {
 *     validIssuer: 'https://issuer.example',
 *     issuerSigningKey: symmetricKey(process.env['JWT_SIGNING_KEY']!),
 *   },
 * })
 * ```
 */
export function symmetricKey(secret: string | Uint8Array): SymmetricKey {
  return new SymmetricKey(secret)
}

/** Says what is wrong with a secret, without quoting it; nothing when it will do. */
export function secretFault(secret: unknown): string | undefined {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    return `a secret must be a string or a Uint8Array, got ${secret === null ? 'null' : typeof secret}; is its environment variable set?`
  }
  const bytes = Buffer.from(secret)
  const text = bytes.toString('latin1').trim()
  const fault = placeholderFault(bytes)
  if (fault !== undefined) return fault
  if (isKeyMaterial(bytes, text)) {
    return 'the secret is a public or private key or a certificate, and whoever has it could sign tokens; pass the key without symmetricKey()'
  }
  if (bytes.length < 32) {
    return `the secret has ${bytes.length} bytes, HS256 needs 32 or more (RFC 7518 section 3.2); make one with: openssl rand -base64 48`
  }
  return undefined
}

function isKeyMaterial(bytes: Buffer, text: string): boolean {
  if (text.includes('-----BEGIN ')) return true
  if (text.startsWith('{') && /"(kty|keys)"\s*:/.test(text)) return true
  return isDer(bytes) || (/^[A-Za-z0-9+/_=\s-]+$/.test(text) && isDer(Buffer.from(text, 'base64')))
}

function isDer(der: Buffer): boolean {
  // Every key and certificate is an ASN.1 SEQUENCE.
  if (der[0] !== 0x30) return false
  return [
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'sec1' }),
    () => new X509Certificate(der),
  ].some((parses) => {
    try {
      parses()
      return true
    } catch {
      return false
    }
  })
}
