/**
 * Opaque tokens: asks their issuer (RFC 7662), and remembers the answers for a short while.
 *
 * @packageDocumentation
 */

export { introspection } from './introspection.js'
export type { IntrospectionCacheOptions, IntrospectionOptions } from './options.js'
export type {
  ClientAuthentication,
  ClientAuthenticationRequest,
  ClientAuthenticator,
} from './client-authentication.js'
