import { ConfigurationError } from '../core/errors.js'
import { show } from '../core/option-checks.js'
import type { ProofOfPossession } from '../core/proof-of-possession.js'

/** What a document says of proofs, absent where the API asks for none. */
export type ProofMembers = Readonly<Record<(typeof proofMembers)[number], unknown>>

const proofMembers = [
  'dpop_signing_alg_values_supported',
  'dpop_bound_access_tokens_required',
  'tls_client_certificate_bound_access_tokens',
] as const

/**
 * Reads what `dpop()` and `clientCertificate()` say of themselves.
 *
 * @throws {@link ConfigurationError} for anything else, and for two of a kind.
 */
export function readProofs(
  value: ProofOfPossession | readonly ProofOfPossession[] | undefined,
): ProofMembers {
  const proofs = listOf(value).map((proof, index) => {
    if (isProof(proof)) return proof
    throw new ConfigurationError(
      `"proofOfPossession[${index}]" must be made by dpop() or clientCertificate(), got ${show(proof)}`,
    )
  })
  if (new Set(proofs.map(({ method }) => method)).size < proofs.length) {
    throw new ConfigurationError(
      '"proofOfPossession" must hold one dpop() and one clientCertificate() at most',
    )
  }
  const said = Object.assign({}, ...proofs.map(({ metadata }) => metadata)) as ProofMembers
  return Object.fromEntries(proofMembers.map((name) => [name, said[name]])) as ProofMembers
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isProof(value: unknown): value is ProofOfPossession {
  const { method, metadata } = (value ?? {}) as Partial<ProofOfPossession>
  return typeof method === 'string' && typeof metadata === 'object'
}
