import { ConfigurationError } from '../errors.js'
import { asymmetricAlgorithms, isAlgorithm, isSymmetric } from '../keys/algorithms.js'
import { resolvedTrust } from '../keys/key-resolver.js'
import { importSigningKeys, type IssuerSigningKey, type SigningKey } from '../keys/signing-key.js'
import type { UnusableKeyError } from '../keys/unusable-key.js'
import { fixedTrust, type TrustSource } from '../keys/trust.js'
import { readFlag, readFunction, readList, show } from '../option-checks.js'
import type { TokenValidationParameters } from './parameters.js'

const prefix = 'tokenValidationParameters'

/** Whom to trust, and with which algorithms. */
export interface TrustSettings {
  readonly trust: TrustSource
  readonly algorithms: ReadonlySet<string>
  readonly tryAllIssuerSigningKeys: boolean
  readonly validateIssuerSigningKey: boolean
}

/** Makes a source of trust that adds the issuer's published keys to those of the options. */
export type MetadataTrust = (keys: readonly SigningKey[]) => TrustSource

/**
 * Reads the keys and algorithms out of the parameters; `metadata` is there when an issuer publishes keys.
 *
 * @param alternative - What else could be done where there are none.
 */
export function resolveTrust(
  parameters: TokenValidationParameters<never>,
  metadata: MetadataTrust | undefined,
  alternative = '',
): TrustSettings {
  const keys = readKeys(parameters)
  const resolver = readFunction(
    parameters.issuerSigningKeyResolver,
    `${prefix}.issuerSigningKeyResolver`,
  )
  if (keys.length === 0 && resolver === undefined && metadata === undefined) {
    throw new ConfigurationError(
      `no key source: set "authority", "metadataAddress" or "jwksUri" to fetch the issuer's keys, or "${prefix}.issuerSigningKey" to a key${alternative}`,
    )
  }
  const keyAlgorithms = new Set(keys.flatMap((key) => [...key.algorithms]))
  if (metadata !== undefined) for (const name of asymmetricAlgorithms) keyAlgorithms.add(name)
  refuseMixture(keyAlgorithms, metadata !== undefined)
  return {
    trust: sourceOf(keys, resolver, metadata),
    algorithms: resolveAlgorithms(
      parameters.validAlgorithms,
      keyAlgorithms,
      resolver !== undefined,
    ),
    tryAllIssuerSigningKeys: readFlag(
      parameters.tryAllIssuerSigningKeys,
      `${prefix}.tryAllIssuerSigningKeys`,
      true,
    ),
    validateIssuerSigningKey: readFlag(
      parameters.validateIssuerSigningKey,
      `${prefix}.validateIssuerSigningKey`,
      false,
    ),
  }
}

function sourceOf(
  keys: readonly SigningKey[],
  resolver: TokenValidationParameters['issuerSigningKeyResolver'],
  metadata: MetadataTrust | undefined,
): TrustSource {
  if (resolver !== undefined) return resolvedTrust(resolver)
  return metadata === undefined ? fixedTrust(keys) : metadata(keys)
}

function readKeys(parameters: TokenValidationParameters<never>): readonly SigningKey[] {
  const { issuerSigningKey, issuerSigningKeys } = parameters
  if (issuerSigningKeys !== undefined && !Array.isArray(issuerSigningKeys)) {
    throw new ConfigurationError(`"${prefix}.issuerSigningKeys" must be an array of keys`)
  }
  return [
    ...(issuerSigningKey === undefined
      ? []
      : readKey(issuerSigningKey, `${prefix}.issuerSigningKey`)),
    ...(issuerSigningKeys ?? []).flatMap((key: IssuerSigningKey, index) =>
      readKey(key, `${prefix}.issuerSigningKeys[${String(index)}]`),
    ),
  ]
}

function readKey(key: IssuerSigningKey, name: string): readonly SigningKey[] {
  try {
    return importSigningKeys(key)
  } catch (error) {
    throw new ConfigurationError(`"${name}" cannot be used: ${(error as UnusableKeyError).message}`)
  }
}

// RFC 8725 section 3.1: where both kinds are accepted, a public key can be passed off as a secret.
function refuseMixture(names: ReadonlySet<string>, metadata: boolean): void {
  const symmetric = [...names].filter(isSymmetric)
  if (symmetric.length === 0 || symmetric.length === names.size) return
  throw new ConfigurationError(
    metadata
      ? `"${prefix}.issuerSigningKey" is a shared secret and the issuer's published keys are not; use two jwtBearer() with a "scheme" each`
      : `"${prefix}.issuerSigningKeys" mixes shared secrets and public keys; use two jwtBearer() with a "scheme" each`,
  )
}

function resolveAlgorithms(
  given: readonly string[] | undefined,
  byKeys: ReadonlySet<string>,
  anyKey: boolean,
): ReadonlySet<string> {
  const name = `${prefix}.validAlgorithms`
  const names = new Set(readList(given, name))
  if (given === undefined) return byKeys.size > 0 && !anyKey ? byKeys : new Set(everyAlgorithm())
  if (names.size === 0) {
    throw new ConfigurationError(
      `"${name}" must not be empty; leave it out to accept what the keys allow`,
    )
  }
  for (const algorithm of names) {
    if (!isAlgorithm(algorithm)) {
      throw new ConfigurationError(
        `"${name}" holds ${show(algorithm)}, which is no algorithm that can be verified; use for example "RS256"`,
      )
    }
  }
  refuseMixedAlgorithms(names, name)
  if (!anyKey) refuseUnusable(names, byKeys, name)
  return names
}

function refuseMixedAlgorithms(names: ReadonlySet<string>, name: string): void {
  const symmetric = [...names].filter(isSymmetric)
  if (symmetric.length > 0 && symmetric.length < names.size) {
    throw new ConfigurationError(
      `"${name}" mixes ${symmetric.join(', ')} with public-key algorithms; use two jwtBearer() with a "scheme" each`,
    )
  }
}

function refuseUnusable(
  names: ReadonlySet<string>,
  byKeys: ReadonlySet<string>,
  name: string,
): void {
  const unusable = [...names].filter((algorithm) => !byKeys.has(algorithm))
  const shared = [...byKeys].some(isSymmetric)
  if (unusable.length === 0 || (unusable.length < names.size && !shared)) return
  const reason = shared
    ? 'the secret is shorter than its hash (RFC 7518 section 3.2) or the algorithm is not for a secret'
    : 'no key given is for it'
  throw new ConfigurationError(`"${name}" holds ${unusable.join(', ')}, but ${reason}`)
}

function everyAlgorithm(): readonly string[] {
  return [...asymmetricAlgorithms, 'HS256', 'HS384', 'HS512']
}
