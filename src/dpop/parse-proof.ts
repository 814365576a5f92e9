import { ProofInvalidError } from '../core/proof-errors.js'
import {
  isCanonicalBase64url,
  parseObject,
  type ParsedToken,
} from '../core/validation/parse-token.js'
import { checkJwk, type ProofJwk } from './proof-key.js'

/** A proof taken apart; its signature has not been checked. */
export interface Proof extends ParsedToken {
  readonly jwk: ProofJwk
  readonly claims: Readonly<Record<string, unknown>>
}

/** What the form of a proof is held against. */
export interface ProofRules {
  readonly algorithms: ReadonlySet<string>
  readonly maxProofLength: number
}

// RFC 9449 section 4.2, compared as a media type (RFC 7515 section 4.1.9).
const proofType = /^(?:application\/)?dpop\+jwt$/i

/** Takes the one proof of a request apart (RFC 9449 section 4.3, checks 1, 2, 4, 5 and 7). */
export function parseProof(lines: readonly string[], rules: ProofRules): Proof {
  if (lines.length > 1) throw new ProofInvalidError('several')
  const raw = lines[0]?.replace(/^[ \t]+|[ \t]+$/g, '') ?? ''
  if (raw === '') throw new ProofInvalidError('missing')
  if (raw.length > rules.maxProofLength) throw new ProofInvalidError('form')
  const { header, claims, parts } = decode(raw)
  const { typ, alg } = header
  if (typeof typ !== 'string' || !proofType.test(typ)) throw new ProofInvalidError('typ')
  if (typeof alg !== 'string' || !rules.algorithms.has(alg)) throw new ProofInvalidError('alg')
  return { ...parts, raw, header: { ...header, alg }, claims, jwk: checkJwk(header['jwk'], alg) }
}

function decode(raw: string) {
  const encoded = raw.split('.')
  const [encodedHeader = '', encodedPayload = '', encodedSignature = ''] = encoded
  if (encoded.length !== 3 || !encoded.every((part) => isCanonicalBase64url(part))) {
    throw new ProofInvalidError('form')
  }
  const header = parsePart(Buffer.from(encodedHeader, 'base64url'))
  const payload = Buffer.from(encodedPayload, 'base64url')
  const claims = parsePart(payload)
  // An extension that must be understood: none is.
  if (Object.hasOwn(header, 'crit')) throw new ProofInvalidError('form')
  const signed = raw.slice(0, encodedHeader.length + 1 + encodedPayload.length)
  const signature = Buffer.from(encodedSignature, 'base64url')
  return { header, claims, parts: { encodedHeader, payload, signed, signature } }
}

function parsePart(bytes: Buffer): Record<string, unknown> {
  try {
    return parseObject(bytes)
  } catch {
    throw new ProofInvalidError('form')
  }
}
