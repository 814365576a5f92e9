/** Reads the certificate (DER) out of the value of a header; nothing when it holds none. */
export type ReadCertificate = (value: string) => Uint8Array | undefined

const base64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/

/** The formats that proxies write, by their names. */
export const formats: Readonly<Record<string, ReadCertificate>> = {
  // RFC 9440 section 2.1: a byte sequence of RFC 8941.
  rfc9440: (value) => fromBase64(/^:([^:]*):$/.exec(value)?.[1]),
  'url-encoded-pem': (value) => fromPem(decoded(value)),
  'base64-der': fromBase64,
}

function fromBase64(text: string | undefined): Uint8Array | undefined {
  return text && base64.test(text) ? Buffer.from(text, 'base64') : undefined
}

// One certificate and nothing else: of several nobody could say which is the client's.
const onePem = /^-----BEGIN CERTIFICATE-----\s([A-Za-z\d+/=\s]+)-----END CERTIFICATE-----\s*$/

function fromPem(text: string | undefined): Uint8Array | undefined {
  return fromBase64(onePem.exec(text ?? '')?.[1]?.replace(/\s/g, ''))
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
