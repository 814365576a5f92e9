import {
  AlgorithmNotAllowedError,
  SignatureInvalidError,
  SigningKeyNotFoundError,
} from '../token-errors.js'
import { isSameKey, type SigningKey } from '../keys/signing-key.js'
import type { Trust } from '../keys/trust.js'
import type { JwtHeader } from '../event-context.js'
import type { Walk } from '../walk.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import type { Check } from './claims.js'
import { findKeys, isInDate, type KeyChoice } from './find-keys.js'
import { parsePayload, rememberHeader, type ParsedToken } from './parse-token.js'
import type { ValidationSettings } from './settings.js'
import { verifySignature } from './signature.js'
import { ValidatedToken } from './validated-token.js'

/**
 * Checks a token of good form: algorithm, key, signature, then the claims. The first fault is thrown as
 * a {@link TokenError}.
 */
export function validateToken(
  parsed: ParsedToken,
  settings: ValidationSettings,
  walk: Walk,
): MaybePromise<ValidatedToken> {
  if (!settings.algorithms.has(parsed.header.alg)) throw new AlgorithmNotAllowedError()
  return andThen(findSigner(parsed, settings), (signer) => {
    rememberHeader(parsed)
    const { raw, header } = parsed
    const payload = parsePayload(parsed)
    const validated = new ValidatedToken(raw, header, payload, signer.key, signer.trust, settings)
    return andThen(runChecks(settings.checks, validated, walk), () => validated)
  })
}

/**
 * Checks a token again that was good before: whether its key is still trusted, and everything that can
 * change from one use to the next.
 *
 * @returns Whether the earlier result still counts; a fault found now is thrown.
 */
export function validateAgain(
  token: ValidatedToken,
  settings: ValidationSettings,
  walk: Walk,
): MaybePromise<boolean> {
  // A function behind "issuers" may answer one way for one request and another way for the next.
  if (token.settings !== settings) return false
  // Only JWTs are remembered, which have a header and a key.
  return andThen(settings.trust.current(token.header as JwtHeader), (trust) => {
    const known = token.key as SigningKey
    const key = trust === token.trust ? known : trust.keys.find((one) => isSameKey(one, known))
    if (key === undefined || !isInDate(key, settings)) return false
    token.trust = trust
    return andThen(runChecks(settings.checksOfEveryUse, token, walk), () => true)
  })
}

/** Runs checks one after the other; each throws what it finds wrong. */
export function runChecks(
  checks: readonly Check[],
  token: ValidatedToken,
  walk: Walk,
  from = 0,
): MaybePromise<void> {
  for (let index = from; index < checks.length; index += 1) {
    const pending = (checks[index] as Check)(token, walk)
    if (pending !== undefined)
      return andThen(pending, () => runChecks(checks, token, walk, index + 1))
  }
  return undefined
}

interface Signer {
  readonly key: SigningKey
  readonly trust: Trust
}

// An unknown key may be a new one, and a known name may stand for a new key: the issuer is asked again, and the
// same request gets the answer.
function findSigner(parsed: ParsedToken, settings: ValidationSettings): MaybePromise<Signer> {
  return andThen(settings.trust.current(parsed.header), (trust) => {
    const choice = findKeys(trust, parsed.header, settings)
    return andThen(firstVerifying(parsed, choice), (key) => {
      if (key !== undefined) return { key, trust }
      return choice.named
        ? signerRenamed(parsed, trust, settings)
        : signerRenewed(parsed, trust, settings)
    })
  })
}

function signerRenewed(
  parsed: ParsedToken,
  seen: Trust,
  settings: ValidationSettings,
): MaybePromise<Signer> {
  return andThen(settings.trust.renewed(seen), (newer) => {
    if (newer === undefined) throw unknownKey(seen)
    const choice = findKeys(newer, parsed.header, settings)
    return andThen(firstVerifying(parsed, choice), (key) => {
      if (key !== undefined) return { key, trust: newer }
      throw choice.named ? new SignatureInvalidError() : unknownKey(newer)
    })
  })
}

function signerRenamed(
  parsed: ParsedToken,
  seen: Trust,
  settings: ValidationSettings,
): MaybePromise<Signer> {
  return andThen(settings.trust.rechecked(seen), (newer) => {
    if (newer === undefined) throw new SignatureInvalidError()
    return andThen(firstVerifying(parsed, findKeys(newer, parsed.header, settings)), (key) => {
      if (key === undefined) throw new SignatureInvalidError()
      return { key, trust: newer }
    })
  })
}

function unknownKey(trust: Trust): Error {
  return trust.unavailable ?? new SigningKeyNotFoundError()
}

function firstVerifying(
  parsed: ParsedToken,
  { keys }: KeyChoice,
  from = 0,
): MaybePromise<SigningKey | undefined> {
  const key = keys[from]
  if (key === undefined) return undefined
  return andThen(verifySignature(parsed, key.key), (verified) =>
    verified ? key : firstVerifying(parsed, { keys, named: false }, from + 1),
  )
}
