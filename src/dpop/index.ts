/**
 * Tokens that are bound to a key: proofs of possession by DPoP (RFC 9449).
 *
 * @packageDocumentation
 */

export { dpop } from './dpop.js'
export type { DpopOptions } from './options.js'
export type { DpopNonceOptions } from './nonce-options.js'
export type { PublicUrlResolver } from './public-url.js'
export { createMemoryReplayCache, type MemoryReplayCacheOptions } from './memory-replay-cache.js'
export type { ProofOfPossession } from '../core/proof-of-possession.js'
