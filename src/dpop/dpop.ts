import type { ProofOfPossession } from '../core/proof-of-possession.js'
import { resolveDpop, type DpopOptions } from './options.js'
import { proofChecker } from './check-proof.js'

/**
 * Makes tokens that are bound to a key work for the owner of the key alone (RFC 9449): each request with
 * `DPoP` credentials needs a proof, signed for this request.
 *
 * @remarks
 * A proof is spent by `jwtBearer()`, on public routes too; a client makes a new one for each request.
 *
 * @param options - Under which address clients call, and where used proofs are remembered.
 * @returns What the option `proofOfPossession` takes; one value may serve several schemes.
 * @throws {@link ConfigurationError} when an option is missing or wrong. This happens while the app
 * starts, never during a request.
 *
 * @example Bound tokens alone, in one process
 * ```ts
 * app.use(jwtBearer({
 *   authority: 'https://issuer.example',
 *   audience: 'https://api.example.com',
 *   proofOfPossession: dpop({
 *     publicUrl: 'https://api.example.com',
 *     replayCache: createMemoryReplayCache(),
 *   }),
 * }))
 * ```
 */
export function dpop(options: DpopOptions): ProofOfPossession {
  const settings = resolveDpop(options)
  const { algorithms, allowBearerTokens, clock, nonces } = settings
  return Object.freeze({
    method: 'jkt' as const,
    metadata: Object.freeze({
      dpop_signing_alg_values_supported: Object.freeze([...algorithms]),
      dpop_bound_access_tokens_required: !allowBearerTokens,
    }),
    requiresBoundTokens: false,
    credentials: Object.freeze({
      allowBearerTokens,
      algs: [...algorithms].join(' '),
      freshNonce: nonces && ((schemeClock: () => number) => nonces.fresh((clock ?? schemeClock)())),
    }),
    prove: proofChecker(settings),
  })
}
