import { ConfigurationError } from '../errors.js'
import { kindOf } from '../option-checks.js'
import type { DpopCredentials, ProofOfPossession } from '../proof-of-possession.js'
import { grammars, type CredentialsGrammar } from './read-token.js'

/** What a scheme needs to know of its proofs of possession, beyond checking them. */
export interface ProofSettings {
  readonly proofs: readonly ProofOfPossession[]
  /** The credentials that are read, in the order in which they are challenged. */
  readonly grammars: readonly CredentialsGrammar[]
  /** Makes a nonce for callers; only where proofs need one. */
  readonly freshNonce: DpopCredentials['freshNonce']
}

/**
 * Reads the option `proofOfPossession`.
 *
 * @throws {@link ConfigurationError} when it holds something else than `dpop()` and `clientCertificate()` make,
 * or two for one member of `cnf`.
 */
export function resolveProofs(
  option: ProofOfPossession | readonly ProofOfPossession[] | undefined,
): ProofSettings {
  const proofs = option === undefined ? [] : [option].flat()
  if (option !== undefined && proofs.length === 0) {
    throw new ConfigurationError('"proofOfPossession" must not be empty; leave it out')
  }
  for (const proof of proofs as readonly unknown[]) {
    if (isProof(proof)) continue
    throw new ConfigurationError(
      `"proofOfPossession" takes what dpop() and clientCertificate() return, got ${kindOf(proof)}`,
    )
  }
  const methods = proofs.map(({ method }) => method)
  const twice = methods.find((method, index) => methods.indexOf(method) !== index)
  if (twice !== undefined) {
    throw new ConfigurationError(
      `"proofOfPossession" holds two that prove "${twice}"; use one of them, or two jwtBearer() with a "scheme" each`,
    )
  }
  const dpop = proofs.find(({ credentials }) => credentials !== undefined)?.credentials
  return { proofs, grammars: grammarsOf(dpop), freshNonce: dpop?.freshNonce }
}

function isProof(value: unknown): boolean {
  return typeof (value as Partial<ProofOfPossession> | null | undefined)?.prove === 'function'
}

function grammarsOf(dpop: DpopCredentials | undefined): readonly CredentialsGrammar[] {
  if (dpop === undefined) return [grammars.Bearer]
  return dpop.allowBearerTokens ? [grammars.Bearer, grammars.DPoP] : [grammars.DPoP]
}
