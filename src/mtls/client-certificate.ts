import type { TLSSocket } from 'node:tls'
import type { Request } from '../core/express.js'
import { ConfirmationInvalidError } from '../core/proof-errors.js'
import type { ProofOfPossession, ProofUse } from '../core/proof-of-possession.js'
import { andThen, type MaybePromise } from '../internal/maybe-promise.js'
import {
  resolveClientCertificate,
  type CertificateHeader,
  type ClientCertificateOptions,
} from './options.js'
import { sha256 } from '../internal/sha256.js'

/**
 * Makes tokens that are bound to a certificate work over connections with that certificate alone
 * (RFC 8705 section 3). The scheme stays `Bearer`.
 *
 * @remarks
 * The certificate's hash is compared and nothing else: whether its chain is valid and whether it has
 * expired is for the TLS server to decide. Behind a proxy, the proxy must delete the header from what
 * clients send (RFC 9440 section 4).
 *
 * @param options - Where the certificate comes from; without any: from the connection.
 * @returns What the option `proofOfPossession` takes; one value may serve several schemes.
 * @throws {@link ConfigurationError} when an option is missing or wrong. This happens while the app
 * starts, never during a request.
 *
 * @example Connections that end here, and such that end at a proxy
 * ```ts
 * app.use(jwtBearer({ authority, audience, proofOfPossession: clientCertificate() }))
 * app.use(jwtBearer({
 *   authority,
 *   audience,
 *   proofOfPossession: clientCertificate({ header: 'Client-Cert', trustedProxies: ['10.0.0.0/8'] }),
 * }))
 * ```
 */
export function clientCertificate(options: ClientCertificateOptions = {}): ProofOfPossession {
  const { header, certificate, requireBoundTokens } = resolveClientCertificate(options)

  function find(use: ProofUse): MaybePromise<Uint8Array | undefined> {
    if (certificate !== undefined) return certificate(use.request)
    return header === undefined ? ofConnection(use.request) : ofHeader(use, header)
  }

  return Object.freeze({
    method: 'x5t#S256' as const,
    metadata: Object.freeze({ tls_client_certificate_bound_access_tokens: true }),
    requiresBoundTokens: requireBoundTokens,
    credentials: undefined,
    prove: (use: ProofUse) =>
      andThen(find(use), (found) => {
        if (hashOf(found) !== use.thumbprint) throw new ConfirmationInvalidError('certificate')
        return false
      }),
  })
}

function ofConnection({ socket }: Request): Uint8Array | undefined {
  const { getPeerX509Certificate } = (socket as Partial<TLSSocket> | undefined) ?? {}
  const certificate = getPeerX509Certificate?.call(socket)
  return certificate?.raw
}

// The header of anybody else is as if it were not there.
function ofHeader({ request, lines }: ProofUse, header: CertificateHeader): Uint8Array | undefined {
  const values = lines(header.name)
  const [value] = values
  if (value === undefined || values.length > 1 || !header.trusts(request)) return undefined
  return header.read(value.replace(/^[ \t]+|[ \t]+$/g, ''))
}

function hashOf(certificate: unknown): string | undefined {
  if (certificate === undefined || certificate === null) return undefined
  if (!(certificate instanceof Uint8Array)) {
    throw new TypeError('A client certificate must be a Uint8Array with its DER, or undefined')
  }
  return sha256(certificate)
}
