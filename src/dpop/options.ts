import { ConfigurationError } from '../core/errors.js'
import { isAlgorithm, isSymmetric } from '../core/keys/algorithms.js'
import { placeholderFault } from '../core/keys/placeholder.js'
import {
  checkMethods,
  checkNames,
  kindOf,
  readCount,
  readFlag,
  readFunction,
  readList,
  readSeconds,
  show,
} from '../core/option-checks.js'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import { createNonces, type Nonces } from './nonces.js'
import { resolvePublicUrl, type PublicBases, type PublicUrlResolver } from './public-url.js'

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

/** What {@link dpop} accepts. */
export interface DpopOptions {
  /**
   * What clients put in front of the path: the origin, and the prefix of the path that a proxy takes away.
   * Several where the API has several names; a proof made for one of them passes at the others.
   *
   * @remarks It is never taken from the request: a thief sends a proof that was made for another server
   * with that server's name in `Host`, and would be let in.
   */
  publicUrl: string | readonly string[] | PublicUrlResolver
  /**
   * Remembers proofs, so that each works once: `createMemoryReplayCache()` for one process,
   * `createRedisReplayCache()` or `createPostgresReplayCache()` for several.
   *
   * @remarks With `false`, whoever reads a request can send it again until its proof is too old.
   */
  replayCache: TokenReplayCache | false
  /**
   * Whether `Bearer` credentials are read as well: tokens that are not bound to a key.
   *
   * @remarks While it is on, a token that its issuer has not bound works for whoever holds it.
   *
   * @defaultValue `false`
   */
  allowBearerTokens?: boolean | undefined
  /**
   * The algorithms that proofs may be signed with; clients are told.
   *
   * @defaultValue `['ES256', 'EdDSA', 'Ed25519', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256']`
   */
  validAlgorithms?: readonly string[] | undefined
  /**
   * How many seconds a proof counts after its `iat`.
   *
   * @defaultValue `60`
   */
  proofLifetime?: number | undefined
  /**
   * How far, in seconds, the clocks of clients may differ from ours, either way.
   *
   * @defaultValue `30`
   */
  clockSkew?: number | undefined
  /** Asks for a nonce of the server's in every proof, so that none can be made in advance. */
  nonce?: DpopNonceOptions | undefined
  /**
   * How many characters a proof may have; a longer one is refused before any decoding.
   *
   * @defaultValue `8192`
   */
  maxProofLength?: number | undefined
  /**
   * Gives the time in milliseconds since the epoch.
   *
   * @defaultValue The clock of the scheme.
   */
  clock?: (() => number) | undefined
}

/** {@link DpopOptions}, complete and checked. */
export interface DpopSettings {
  readonly publicBases: PublicBases
  readonly replayCache: TokenReplayCache | undefined
  readonly allowBearerTokens: boolean
  readonly algorithms: ReadonlySet<string>
  readonly proofLifetime: number
  readonly clockSkew: number
  readonly nonces: Nonces | undefined
  /** Whether `iat` must be recent. */
  readonly validateIssuedAt: boolean
  readonly maxProofLength: number
  readonly clock: (() => number) | undefined
}

// Typed as maps over the interfaces, so that a new option cannot be forgotten here.
type Names<T> = { readonly [Name in keyof Required<T>]: true }

const optionNames: Names<DpopOptions> = {
  publicUrl: true,
  replayCache: true,
  allowBearerTokens: true,
  validAlgorithms: true,
  proofLifetime: true,
  clockSkew: true,
  nonce: true,
  maxProofLength: true,
  clock: true,
}

const nonceNames: Names<DpopNonceOptions> = { secret: true, lifetime: true, validateIssuedAt: true }

const usualAlgorithms = 'ES256 EdDSA Ed25519 ES384 ES512 PS256 PS384 PS512 RS256'.split(' ')

/**
 * Reads the options of `dpop()`.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveDpop(options: DpopOptions): DpopSettings {
  checkNames(options, Object.keys(optionNames), 'the options of dpop()')
  return {
    publicBases: resolvePublicUrl(options.publicUrl),
    replayCache: readCache(options.replayCache),
    allowBearerTokens: readFlag(options.allowBearerTokens, 'allowBearerTokens', false),
    algorithms: new Set(readAlgorithms(options.validAlgorithms)),
    proofLifetime: readSeconds(options.proofLifetime, 'proofLifetime', 60, 3600),
    clockSkew: readSeconds(options.clockSkew, 'clockSkew', 30, 300),
    ...resolveNonce(options.nonce),
    maxProofLength: readCount(options.maxProofLength, 'maxProofLength', 8192),
    clock: readFunction(options.clock, 'clock'),
  }
}

function readCache(cache: TokenReplayCache | false | undefined): TokenReplayCache | undefined {
  if (cache === false) return undefined
  if (cache === undefined) {
    throw new ConfigurationError(
      '"replayCache" is missing; use createMemoryReplayCache() for one process, createRedisReplayCache() or createPostgresReplayCache() for several, or false where replay is stopped elsewhere',
    )
  }
  checkMethods(cache, 'replayCache', ['addIfAbsent'])
  return cache
}

function readAlgorithms(given: readonly string[] | undefined): readonly string[] {
  const names = readList(given, 'validAlgorithms')
  if (given === undefined) return usualAlgorithms
  if (names.length === 0) throw new ConfigurationError('"validAlgorithms" must not be empty')
  for (const name of names) {
    // RFC 9449 section 11.6: a proof is signed with a key that the server does not know.
    if (!isAlgorithm(name) || isSymmetric(name)) {
      throw new ConfigurationError(
        `"validAlgorithms" must hold algorithms for public keys alone, such as "ES256", got ${show(name)}`,
      )
    }
  }
  return names
}

function resolveNonce(
  options: DpopNonceOptions | undefined,
): Pick<DpopSettings, 'nonces' | 'validateIssuedAt'> {
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
