/**
 * Tokens for the tests of an API: an issuer in the same process, good tokens and bad ones.
 *
 * @packageDocumentation
 */

export { createTestIssuer, type TestIssuer, type TestIssuerOptions } from './test-issuer.js'
export { developmentIssuer } from './development-issuer.js'
export type { TokenClaims, TokenOptions } from './test-tokens.js'
export type { ListeningIssuer } from './listen.js'
export type { DpopClient, DpopProofOptions, DpopRequestOptions } from './dpop-client.js'
export {
  createTestCertificate,
  type TestCertificate,
  type TestCertificateOptions,
} from './test-certificate.js'

export type { ContractCase, ContractSubject, OpenSubject, OpenTimelessSubject } from './contract.js'
export { refreshStoreContract } from './refresh-store-contract.js'
export { denyListContract } from './deny-list-contract.js'
export { keyRingStoreContract } from './key-ring-store-contract.js'
export { replayCacheContract, type ReplayCacheSubject } from './replay-cache-contract.js'
export { sessionStoreContract } from './session-store-contract.js'
export { userTokenStoreContract } from './user-token-store-contract.js'
