import {
  AlgorithmNotAllowedError,
  SignatureInvalidError,
  SigningKeyNotFoundError,
} from '../errors.js'
import type { SecurityToken } from '../events.js'
import type { SigningKey } from '../keys/signing-key.js'
import type { Trust } from '../keys/trust.js'
import { andThen, type MaybePromise } from '../maybe-promise.js'
import { freezeClaims, type JwtClaims } from '../principal.js'
import type { Check } from './claims.js'
import { findKeys, type KeyChoice } from './find-keys.js'
import { parsePayload, type ParsedToken } from './parse-token.js'
import type { ValidationSettings } from './settings.js'
import { verifySignature } from './signature.js'

/** A token that has passed every check. */
export interface ValidatedToken {
  readonly token: SecurityToken
  /** The claims, or what the `claimsSchema` made of them. */
  claims: JwtClaims
  /** What was trusted when the signature was checked, and the key that made it. */
  readonly trust: Trust
  readonly key: SigningKey
}

/**
 * Checks a token of good form: algorithm, key, signature, then the claims. The first fault is thrown as
 * a {@link TokenError}.
 */
export function validateToken(
  parsed: ParsedToken,
  settings: ValidationSettings,
): MaybePromise<ValidatedToken> {
  if (!settings.algorithms.has(parsed.header.alg)) throw new AlgorithmNotAllowedError()
  return andThen(findSigner(parsed, settings), ({ key, trust }) => {
    const payload = freezeClaims(parsePayload(parsed.encodedPayload))
    const token = Object.freeze({ header: freezeClaims(parsed.header), payload, raw: parsed.raw })
    const validated: ValidatedToken = { token, claims: payload, trust, key }
    return andThen(runChecks(settings.checks, validated), () => validated)
  })
}

/** Runs checks one after the other; each throws what it finds wrong. */
export function runChecks(
  checks: readonly Check[],
  token: ValidatedToken,
  from = 0,
): MaybePromise<void> {
  for (let index = from; index < checks.length; index += 1) {
    const pending = (checks[index] as Check)(token)
    if (pending !== undefined) return andThen(pending, () => runChecks(checks, token, index + 1))
  }
  return undefined
}

interface Signer {
  readonly key: SigningKey
  readonly trust: Trust
}

// An unknown key may be a new one: the issuer is asked again, and the same request gets the answer.
function findSigner(parsed: ParsedToken, settings: ValidationSettings): MaybePromise<Signer> {
  return andThen(settings.trust.current(parsed.header), (trust) =>
    andThen(signerAmong(parsed, trust, settings), (signer) => {
      if (signer !== undefined) return signer
      return andThen(settings.trust.renewed(trust), (newer) => {
        if (newer === undefined) throw unknownKey(trust)
        return andThen(signerAmong(parsed, newer, settings), (found) => {
          if (found === undefined) throw unknownKey(newer)
          return found
        })
      })
    }),
  )
}

function unknownKey(trust: Trust): Error {
  return trust.unavailable ?? new SigningKeyNotFoundError()
}

function signerAmong(
  parsed: ParsedToken,
  trust: Trust,
  settings: ValidationSettings,
): MaybePromise<Signer | undefined> {
  const choice = findKeys(trust, parsed.header, settings)
  return andThen(firstVerifying(parsed, choice), (key) => {
    if (key !== undefined) return { key, trust }
    if (choice.named && choice.keys.length > 0) throw new SignatureInvalidError()
    return undefined
  })
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
