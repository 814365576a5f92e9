import { ConfigurationError } from '../core/errors.js'
import { placeholderFault } from '../core/keys/placeholder.js'
import { checkNames, kindOf, readFlag, readSeconds } from '../core/option-checks.js'
import { createNonces, type Nonces } from './nonces.js'

/** How nonces are made (RFC 9449 section 8). */
export interface DpopNonceOptions {
  /**
   * At least 32 bytes that all processes share. Of several the first signs and all of them are accepted, so
   * that one can be exchanged for another.
   */
  secret: string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * How many seconds a nonce counts.
   *
   * @defaultValue `300`
   */
  lifetime?: number | undefined
  /**
   * Whether the `iat` of proofs counts as well, which the server's time in the nonce takes the place of.
   *
   * @defaultValue `false`
   */
  validateIssuedAt?: boolean | undefined
}

// Typed as a map over the interface, so that a new option cannot be forgotten here.
const nonceNames: { readonly [Name in keyof Required<DpopNonceOptions>]: true } = {
  secret: true,
  lifetime: true,
  validateIssuedAt: true,
}

/**
 * Reads the option `nonce` of `dpop()`.
 *
 * @throws {@link ConfigurationError} when it could not work or would not be safe.
 */
export function resolveNonce(options: DpopNonceOptions | undefined): {
  readonly nonces: Nonces | undefined
  readonly validateIssuedAt: boolean
} {
  if (options === undefined) return { nonces: undefined, validateIssuedAt: true }
  checkNames(options, Object.keys(nonceNames), '"nonce"')
  const { secret, lifetime, validateIssuedAt } = options
  const secrets = Array.isArray(secret) ? (secret as readonly (string | Uint8Array)[]) : [secret]
  const fault = secrets.length === 0 ? 'there is none' : firstOf(secrets.map(secretFault))
  if (fault !== undefined) {
    throw new ConfigurationError(`"nonce.secret" cannot be used: ${fault}`)
  }
  return {
    nonces: createNonces(secrets as never, readSeconds(lifetime, 'nonce.lifetime', 300, 86_400)),
    validateIssuedAt: readFlag(validateIssuedAt, 'nonce.validateIssuedAt', false),
  }
}

function firstOf(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined)
}

// Whoever knows the secret can write nonces for proofs that are made in advance.
function secretFault(secret: unknown): string | undefined {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    return `it must be a string or a Uint8Array, got ${kindOf(secret)}; is its environment variable set?`
  }
  const bytes = Buffer.from(secret)
  if (bytes.length < 32) {
    return `it has ${bytes.length} bytes and needs 32 or more; make one with: openssl rand -base64 48`
  }
  return bytes.includes('-----BEGIN ') ? 'it is a key or a certificate' : placeholderFault(bytes)
}
