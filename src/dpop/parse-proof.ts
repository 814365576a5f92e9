import type { JwtHeader } from '../core/event-context.js'
import { ProofInvalidError } from '../core/proof-errors.js'
import {
  isCanonicalBase64url,
  parseObject,
  type ParsedToken,
} from '../core/validation/parse-token.js'
import { checkJwk, thumbprintOf, type ProofJwk, type ProofKey } from './proof-key.js'

/** Who made a proof, as its header says; nothing in it is trusted yet. */
export interface ProofSigner {
  readonly header: JwtHeader
  readonly jwk: ProofJwk
  /** Of the key in the header (RFC 7638). */
  readonly thumbprint: string
  /** The key, once it was imported. */
  key?: ProofKey
}

/** A proof taken apart; its signature has not been checked. */
export interface Proof extends ParsedToken {
  readonly signer: ProofSigner
  readonly claims: Readonly<Record<string, unknown>>
}

/** What the form of a proof is held against. */
export interface ProofRules {
  readonly algorithms: ReadonlySet<string>
  readonly maxProofLength: number
}

// RFC 9449 section 4.2, compared as a media type (RFC 7515 section 4.1.9).
const proofType = /^(?:application\/)?dpop\+jwt$/i

/**
 * Takes the one proof of a request apart (RFC 9449 section 4.3, checks 1, 2, 4, 5 and 7).
 *
 * @param known - The signers of proofs that passed, by their encoded headers: a client writes the same one each time.
 */
export function parseProof(
  lines: readonly string[],
  rules: ProofRules,
  known: { get(encodedHeader: string): ProofSigner | undefined },
): Proof {
  if (lines.length > 1) throw new ProofInvalidError('several')
  const raw = lines[0]?.replace(/^[ \t]+|[ \t]+$/g, '') ?? ''
  if (raw === '') throw new ProofInvalidError('missing')
  if (raw.length > rules.maxProofLength) throw new ProofInvalidError('form')
  const parts = raw.split('.')
  const [encodedHeader = '', encodedPayload = '', encodedSignature = ''] = parts
  if (parts.length !== 3) throw new ProofInvalidError('form')
  const seen = known.get(encodedHeader)
  const header = seen?.header ?? parsePart(decode(encodedHeader))
  const payload = decode(encodedPayload)
  const signature = canonical(encodedSignature)
  const claims = parsePart(payload)
  const signer = seen ?? signerOf(header, rules)
  const signed = raw.slice(0, encodedHeader.length + 1 + encodedPayload.length)
  return { raw, header: signer.header, encodedHeader, payload, signed, signature, claims, signer }
}

function signerOf(header: Record<string, unknown>, { algorithms }: ProofRules): ProofSigner {
  // An extension that must be understood: none is.
  if (Object.hasOwn(header, 'crit')) throw new ProofInvalidError('form')
  const { typ, alg } = header
  if (typeof typ !== 'string' || !proofType.test(typ)) throw new ProofInvalidError('typ')
  if (typeof alg !== 'string' || !algorithms.has(alg)) throw new ProofInvalidError('alg')
  const jwk = checkJwk(header['jwk'], alg)
  return { header: { ...header, alg }, jwk, thumbprint: thumbprintOf(jwk) }
}

function decode(encoded: string): Buffer {
  return Buffer.from(canonical(encoded), 'base64url')
}

function canonical(encoded: string): string {
  if (!isCanonicalBase64url(encoded)) throw new ProofInvalidError('form')
  return encoded
}

function parsePart(bytes: Buffer): Record<string, unknown> {
  try {
    return parseObject(bytes)
  } catch {
    throw new ProofInvalidError('form')
  }
}
