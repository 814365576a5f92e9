/**
 * Tokens that are bound to a client certificate (RFC 8705).
 *
 * @packageDocumentation
 */

export { clientCertificate } from './client-certificate.js'
export type { CertificateFormat, ClientCertificateOptions } from './options.js'
export type { ProofOfPossession } from '../core/proof-of-possession.js'
