import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { datesOf, type CertificateDates } from './jwk.js'
import { parsed, refusePrivate, UnusableKeyError } from './unusable-key.js'

/**
 * Reads PEM text: a public key or a certificate.
 *
 * @throws {@link UnusableKeyError} when it is neither.
 */
export function readPem(text: string): {
  readonly key: KeyObject
  readonly certificate: CertificateDates | undefined
} {
  if (!text.includes('-----BEGIN ')) {
    throw new UnusableKeyError(
      'a plain string must be PEM text; mark a shared secret with symmetricKey(secret)',
    )
  }
  refusePrivate(text.includes('PRIVATE KEY-----'))
  refuseLostLineBreaks(text)
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    return { key: parsed('PEM text', () => createPublicKey(text)), certificate: undefined }
  }
  return parsed('PEM text', () => {
    const certificate = new X509Certificate(text)
    return { key: certificate.publicKey, certificate: datesOf(certificate) }
  })
}

// Environment variables and secret stores make two characters, a blank or nothing of a line break.
function refuseLostLineBreaks(text: string): void {
  if (/-----BEGIN [^-]+-----[^\S\n]*\\[nr]/.test(text)) {
    throw new UnusableKeyError(
      String.raw`the PEM text has "\n" as two characters in the place of its line breaks; bring them back with text.replaceAll('\\n', '\n')`,
    )
  }
  if (/-----BEGIN [^-]+-----[^\S\r\n]*[A-Za-z0-9+/]/.test(text)) {
    throw new UnusableKeyError(
      'the PEM text has lost its line breaks; bring them back: put one behind "-----BEGIN …-----", one before "-----END …-----", and take out the blanks between, or read the key from a file',
    )
  }
}
