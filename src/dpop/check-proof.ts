import {
  ConfirmationInvalidError,
  ProofError,
  ProofInvalidError,
  ProofNonceRequiredError,
  ProofReplayedError,
} from '../core/proof-errors.js'
import type { ProofOfPossession, ProofUse } from '../core/proof-of-possession.js'
import { verifyWithPublicKey } from '../core/validation/signature.js'
import { useOnce } from '../core/validation/use-once.js'
import { publisher } from '../internal/diagnostics.js'
import { LruMap } from '../internal/lru-map.js'
import { andThen, attempt, type MaybePromise } from '../internal/maybe-promise.js'
import { sha256 } from '../internal/sha256.js'
import type { DpopSettings } from './options.js'
import { parseProof, type Proof, type ProofSigner } from './parse-proof.js'
import { importProofKey } from './proof-key.js'
import { normaliseUri, targetPath } from './target-uri.js'

/** How many signers of proofs that passed are kept, which spares the next proof the import of its key. */
const maxSigners = 1000

const proofFailed = publisher('express-jwt-bearer:proof-failed')

/** Makes the check of proofs: RFC 9449 section 4.3, the first failure counts. */
export function proofChecker(settings: DpopSettings): ProofOfPossession['prove'] {
  const signers = new LruMap<string, ProofSigner>(maxSigners)

  function check(use: ProofUse): MaybePromise<boolean> {
    const proof = parseProof(use.lines('dpop'), settings, signers)
    const { signer, encodedHeader } = proof
    // Before the signature: a foreign key costs a hash, not an import.
    if (signer.thumbprint !== use.thumbprint) throw new ConfirmationInvalidError('key')
    signer.key ??= importProofKey(signer.jwk)
    if (!signer.key.algorithms.has(proof.header.alg)) throw new ProofInvalidError('jwk')
    return andThen(verifyWithPublicKey(proof, signer.key.key), (verified) => {
      if (!verified) throw new ProofInvalidError('signature')
      const target = checkTarget(proof, use, settings)
      const window = checkTime(proof, use.clock, settings)
      return andThen(spend(proof, use, target, window.expiresAt, settings), () => {
        if (signers.get(encodedHeader) === undefined) signers.set(encodedHeader, signer)
        return window.isEnding
      })
    })
  }

  return (use) =>
    attempt(
      () => check(use),
      (error) => {
        if (error instanceof ProofError) {
          proofFailed(() => ({ scheme: use.scheme, reason: reasonOf(error) }))
        }
        throw error
      },
    )
}

function reasonOf(error: ProofError): string {
  if (error instanceof ProofInvalidError) return error.reason
  return error instanceof ProofReplayedError ? 'replayed' : 'nonce'
}

// Checks 8, 9 and 12, and the form of the name that the proof is remembered by.
function checkTarget({ claims }: Proof, use: ProofUse, { publicBases }: DpopSettings): string {
  const { request } = use
  const { htm, htu, ath, jti } = claims
  if (typeof htm !== 'string' || htm !== request.method) throw new ProofInvalidError('htm')
  const path = targetPath(request.originalUrl ?? request.url)
  const expected = path === undefined ? [] : publicBases(request).map((base) => base + path)
  const received = normaliseUri(htu)
  if (received === undefined || !expected.includes(received)) {
    throw new ProofInvalidError('htu', { expected, received })
  }
  if (ath !== sha256(use.token)) throw new ProofInvalidError('ath')
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw new ProofInvalidError('jti')
  return received
}

interface ProofWindow {
  /** When the proof can be forgotten, in seconds. */
  readonly expiresAt: number
  /** Whether more than half of the nonce's lifetime is over. */
  readonly isEnding: boolean
}

// Check 11. Written so that a clock that gives no number lets no proof in.
function checkTime(
  { claims }: Proof,
  schemeClock: () => number,
  { clock = schemeClock, clockSkew, proofLifetime, nonces, validateIssuedAt }: DpopSettings,
): ProofWindow {
  const now = clock() / 1000
  const { iat, exp, nbf, nonce } = claims
  if (!isFinite(iat)) throw new ProofInvalidError('iat')
  let last = Infinity
  let isEnding = false
  if (nonces !== undefined) {
    const madeAt = nonces.madeAt(nonce) ?? NaN
    const isCurrent = now - madeAt <= nonces.lifetime && madeAt <= now + clockSkew
    if (!isCurrent) throw new ProofNonceRequiredError()
    isEnding = now - madeAt > nonces.lifetime / 2
    last = madeAt + nonces.lifetime
  }
  if (validateIssuedAt) {
    const isRecent = now - clockSkew - proofLifetime <= iat && iat <= now + clockSkew
    if (!isRecent) throw new ProofInvalidError('iat')
    last = Math.min(last, iat + proofLifetime + clockSkew)
  }
  const isOver = exp !== undefined && !(isFinite(exp) && exp > now - clockSkew)
  const isEarly = nbf !== undefined && !(isFinite(nbf) && nbf <= now + clockSkew)
  if (isOver || isEarly) throw new ProofInvalidError('iat')
  // The store's clock may be ahead of ours.
  return { expiresAt: last + clockSkew, isEnding }
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value)
}

// Last of all, so that a proof that fails anything else is not used up by whoever sends it.
function spend(
  { claims }: Proof,
  { scheme, thumbprint }: ProofUse,
  target: string,
  expiresAt: number,
  { replayCache }: DpopSettings,
): MaybePromise<void> {
  if (replayCache === undefined) return undefined
  const name = ['dpop', scheme, thumbprint, target, claims['jti']].join('\n')
  return andThen(
    useOnce(replayCache, scheme, sha256(name), new Date(expiresAt * 1000)),
    (isFirst) => {
      if (!isFirst) throw new ProofReplayedError()
    },
  )
}
