import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { sha256 } from '../internal/sha256.js'

/** What {@link createTestCertificate} accepts. */
export interface TestCertificateOptions {
  /**
   * The common name of the subject.
   *
   * @defaultValue `'client.test'`
   */
  subject?: string | undefined
  /**
   * Seconds from now until the certificate ends; negative for one that has ended.
   *
   * @defaultValue `86400`
   */
  expiresIn?: number | undefined
}

/** A client's certificate for tests, and its key. */
export interface TestCertificate {
  /** The certificate as PEM text, for the `cert` of a TLS client. */
  readonly certificate: string
  /** Its private key as PEM text, for the `key` of a TLS client. */
  readonly key: string
  /** The certificate's bytes (DER). */
  readonly der: Uint8Array
  /** What tokens are bound to: the `x5t#S256` of their `cnf` (RFC 8705 section 3.1). */
  readonly thumbprint: string
  /** The value of a `Client-Cert` header (RFC 9440 section 2.1). */
  readonly header: string
}

/**
 * Makes a self-signed certificate for tests of an API that binds tokens to certificates.
 *
 * @example A token that works for the owner of the certificate alone
 * ```ts
 * const client = createTestCertificate()
 * const claims = { cnf: { 'x5t#S256': client.thumbprint } }
 * const headers = { ...(await issuer.bearer(claims)), 'Client-Cert': client.header }
 * await request(app).get('/orders').set(headers).expect(200)
 * ```
 */
export function createTestCertificate(options: TestCertificateOptions = {}): TestCertificate {
  const { subject = 'client.test', expiresIn = 86_400 } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(commonName, element(0x0c, Buffer.from(subject)))))
  const end = Date.now() + expiresIn * 1000
  // RFC 5280 section 4.1: a certificate of version 3 that signs itself.
  const content = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(Math.min(Date.now(), end) - 86_400_000), time(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', content, privateKey)
  const bits = element(0x03, Buffer.concat([Buffer.from([0]), signature]))
  const der = sequence(content, ecdsaWithSha256, bits)
  const base64 = der.toString('base64')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    der,
    thumbprint: sha256(der),
    header: `:${base64}:`,
  }
}

// The encoding rules of X.690: a tag, a length, a content.
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const lengthOf =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengthOf]), content])
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, ...parts)
}

function set(...parts: readonly Uint8Array[]): Buffer {
  return element(0x31, ...parts)
}

// The object identifiers 2.5.4.3 and 1.2.840.10045.4.3.2.
const commonName = Buffer.from('0603550403', 'hex')
const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))

// RFC 5280 section 4.1.2.5: the year has two digits before 2050, and four from then on.
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\.\d+|[-:T]/g, '')
  return digits < '2050'
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits))
}
