/**
 * Tokens for the tests of an API: an issuer in the same process, good tokens and bad ones.
 *
 * @packageDocumentation
 */

export { createTestIssuer, type TestIssuer, type TestIssuerOptions } from './test-issuer.js'
export type { TokenClaims, TokenOptions } from './test-tokens.js'
export type { ListeningIssuer } from './listen.js'
