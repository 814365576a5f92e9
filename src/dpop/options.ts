import { ConfigurationError } from '../core/errors.js'
import { isAlgorithm, isSymmetric } from '../core/keys/algorithms.js'
import {
  checkMethods,
  checkNames,
  readCount,
  readFlag,
  readFunction,
  readList,
  readSeconds,
  show,
} from '../core/option-checks.js'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import { resolveNonce, type DpopNonceOptions } from './nonce-options.js'
import type { Nonces } from './nonces.js'
import { resolvePublicUrl, type PublicBases, type PublicUrlResolver } from './public-url.js'

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

// Typed as a map over the interface, so that a new option cannot be forgotten here.
const optionNames: { readonly [Name in keyof Required<DpopOptions>]: true } = {
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
