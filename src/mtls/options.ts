import { ConfigurationError } from '../core/errors.js'
import type { Request } from '../core/express.js'
import {
  checkNames,
  kindOf,
  readFlag,
  readFunction,
  readText,
  show,
} from '../core/option-checks.js'
import type { MaybePromise } from '../internal/maybe-promise.js'
import { formats, type ReadCertificate } from './formats.js'
import { resolveTrustedProxies, type TrustsPeer } from './trusted-proxies.js'

/**
 * How a proxy writes the certificate into a header: `'rfc9440'` as `:base64 DER:` (RFC 9440 section 2.1),
 * `'url-encoded-pem'` as nginx (`$ssl_client_escaped_cert`) and AWS load balancers do, `'base64-der'` as
 * HAProxy (`ssl_c_der,base64`) does, or a function that gives the certificate's bytes (DER), nothing where
 * there are none.
 */
export type CertificateFormat =
  'rfc9440' | 'url-encoded-pem' | 'base64-der' | ((value: string) => Uint8Array | undefined)

/** What {@link clientCertificate} accepts. */
export interface ClientCertificateOptions {
  /**
   * Name of the header in which a proxy passes the client's certificate on.
   *
   * @remarks The proxy must delete the header from what clients send (RFC 9440 section 4): whoever can send
   * it through the proxy can claim any certificate.
   *
   * @defaultValue None: the certificate of the connection counts.
   */
  header?: string | undefined
  /**
   * How the header is written.
   *
   * @defaultValue `'rfc9440'`
   */
  format?: CertificateFormat | undefined
  /**
   * The proxies that may send the header: IP addresses and ranges of the direct peer, or a function for
   * Unix sockets and meshes, of which `true` alone trusts. Needed with `header`.
   *
   * @remarks Whoever sends requests from one of these addresses can claim any certificate.
   */
  trustedProxies?: readonly string[] | ((request: Request) => boolean) | undefined
  /** Gives the certificate (DER) of the client in another way; takes the place of all of the above. */
  certificate?: ((request: Request) => MaybePromise<Uint8Array | undefined>) | undefined
  /**
   * Whether a token that no proof binds is refused.
   *
   * @remarks Off, a token that its issuer has not bound works for whoever holds it.
   *
   * @defaultValue `false`
   */
  requireBoundTokens?: boolean | undefined
}

/** A header that a proxy writes. */
export interface CertificateHeader {
  readonly name: string
  readonly read: ReadCertificate
  readonly trusts: TrustsPeer
}

/** {@link ClientCertificateOptions}, complete and checked. */
export interface ClientCertificateSettings {
  readonly header: CertificateHeader | undefined
  readonly certificate: ClientCertificateOptions['certificate']
  readonly requireBoundTokens: boolean
}

// Typed as a map over the interface, so that a new option cannot be forgotten here.
const optionNames: { readonly [Name in keyof Required<ClientCertificateOptions>]: true } = {
  header: true,
  format: true,
  trustedProxies: true,
  certificate: true,
  requireBoundTokens: true,
}

/**
 * Reads the options of `clientCertificate()`.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveClientCertificate(
  options: ClientCertificateOptions,
): ClientCertificateSettings {
  checkNames(options, Object.keys(optionNames), 'the options of clientCertificate()')
  const certificate = readFunction(options.certificate, 'certificate')
  const misplaced = (['header', 'format', 'trustedProxies'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (certificate !== undefined && misplaced !== undefined) {
    throw new ConfigurationError(
      `"certificate" takes the place of "${misplaced}"; leave out one of them`,
    )
  }
  return {
    header: readHeader(options),
    certificate,
    requireBoundTokens: readFlag(options.requireBoundTokens, 'requireBoundTokens', false),
  }
}

function readHeader(options: ClientCertificateOptions): CertificateHeader | undefined {
  const { header, format, trustedProxies } = options
  if (header === undefined) {
    for (const name of ['format', 'trustedProxies'] as const) {
      if (options[name] === undefined) continue
      throw new ConfigurationError(
        `"${name}" is about a header; set "header" to the name of the one that your proxy writes`,
      )
    }
    return undefined
  }
  const name = readText(header, 'header') as string
  if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) {
    throw new ConfigurationError(`"header" must be the name of a header, got ${show(header)}`)
  }
  return {
    name: name.toLowerCase(),
    read: readFormat(format),
    trusts: resolveTrustedProxies(trustedProxies),
  }
}

function readFormat(format: CertificateFormat = 'rfc9440'): ReadCertificate {
  if (typeof format === 'function') return format
  const known = typeof format === 'string' && Object.hasOwn(formats, format)
  if (known) return formats[format] as ReadCertificate
  const names = Object.keys(formats).map((name) => `"${name}"`)
  throw new ConfigurationError(
    `"format" must be ${names.join(', ')} or a function, got ${typeof format === 'string' ? show(format) : kindOf(format)}`,
  )
}
