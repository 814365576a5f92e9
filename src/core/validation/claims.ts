import {
  AudienceInvalidError,
  ClaimInvalidError,
  LifetimeInvalidError,
  LifetimeMissingError,
  TokenExpiredError,
  TokenNotYetValidError,
  TokenReplayedError,
  TokenTypeInvalidError,
  type TokenError,
} from '../token-errors.js'
import { andThen, attempt, isPromise, type MaybePromise } from '../../internal/maybe-promise.js'
import { freezeClaims } from '../../internal/frozen-claims.js'
import type { JwtClaims } from '../claims-principal.js'
import type { Walk } from '../walk.js'
import { hasJwtForm } from './token-form.js'
import type { StandardSchema, TokenReplayCache, Validator } from './parameters.js'
import { useOnce } from './use-once.js'
import type { ValidatedToken } from './validated-token.js'
import { sha256 } from '../../internal/sha256.js'

/** One check of a token; throws, or rejects with, what it finds wrong. */
export type Check = (token: ValidatedToken, walk: Walk) => PromiseLike<void> | undefined

/** The instant of a NumericDate, kept within what a `Date` can hold. */
export function toDate(seconds: number): Date {
  const limit = 8.64e15
  return new Date(Math.min(limit, Math.max(-limit, seconds * 1000)))
}

/** Checks `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5). */
export function checkLifetime(rules: {
  requireExpirationTime: boolean
  clockSkew: number
  clock: () => number
}): Check {
  return ({ payload }) => {
    const { exp, nbf } = payload
    const now = rules.clock() / 1000
    if (exp === undefined && rules.requireExpirationTime) throw new LifetimeMissingError()
    if (exp !== undefined && nbf !== undefined && nbf > exp) throw new LifetimeInvalidError()
    // Written so that a clock that gives no number lets no token in.
    if (nbf !== undefined && !(nbf <= now + rules.clockSkew))
      throw new TokenNotYetValidError(toDate(nbf))
    if (exp !== undefined && !(exp > now - rules.clockSkew))
      throw new TokenExpiredError(toDate(exp))
    return undefined
  }
}

/** Checks that `iat` is not too long ago, and not in the future. */
export function checkAge(rules: {
  maxTokenAge: number
  clockSkew: number
  clock: () => number
}): Check {
  return ({ payload }) => {
    const { iat } = payload
    const now = rules.clock() / 1000
    // A token that does not say when it was issued counts as issued at the epoch.
    const expires = (iat ?? 0) + rules.maxTokenAge
    if (iat === undefined || !(expires > now - rules.clockSkew))
      throw new TokenExpiredError(toDate(expires))
    if (!(iat <= now + rules.clockSkew)) throw new TokenNotYetValidError(toDate(iat))
    return undefined
  }
}

/** Checks `aud` against a set of accepted values (RFC 7519 section 4.1.3). */
export function checkAudience(accepted: ReadonlySet<string>): Check {
  return ({ payload }) => {
    const { aud } = payload
    const isMeant =
      typeof aud === 'string'
        ? accepted.has(aud)
        : audiencesOf(payload).some((audience) => accepted.has(audience))
    if (!isMeant) throw new AudienceInvalidError()
    return undefined
  }
}

/** Reads `aud`, one or several, as an array of texts. */
export function audiencesOf({ aud }: JwtClaims): readonly string[] {
  const values: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return values.filter((value) => typeof value === 'string')
}

/** Asks a function of the user's; only `true` accepts. */
export function checkWith<const Arguments extends unknown[]>(
  validator: Validator<Arguments>,
  read: (token: ValidatedToken) => NoInfer<Arguments>,
  Refusal: new (options?: ErrorOptions) => TokenError,
): Check {
  return (token) => {
    const answer = attempt(
      () => validator(...read(token)),
      (cause) => {
        throw new Refusal({ cause })
      },
    )
    return verdict(answer, (accepted) => {
      if (accepted !== true) throw new Refusal()
    })
  }
}

// RFC 8725 section 3.11: tokens of these kinds are proofs and notices, never access tokens.
const otherKinds = /^(?:application\/)?(?:dpop|logout|secevent|token-introspection)\+jwt$/i

/** Checks `typ` against the accepted kinds; without any, only refuses kinds that are made for something else. */
export function checkType(accepted: readonly string[] | undefined): Check {
  const types = accepted && new Set(accepted.map(mediaType))
  return ({ header }) => {
    const { typ } = header
    if (typ === undefined && types === undefined) return undefined
    if (typeof typ !== 'string') throw new TokenTypeInvalidError()
    if (types === undefined ? otherKinds.test(typ) : !types.has(mediaType(typ))) {
      throw new TokenTypeInvalidError()
    }
    return undefined
  }
}

// RFC 7515 section 4.1.9: media types compare without case, and "application/" may be left out.
function mediaType(type: string): string {
  const folded = type.toLowerCase()
  return folded.includes('/') ? folded : `application/${folded}`
}

/** Puts the claims through a Standard Schema and keeps what it makes of them. */
export function checkSchema(schema: StandardSchema<unknown>): Check {
  return (token) => {
    const answer = attempt(
      () => schema['~standard'].validate(token.securityToken.payload),
      (cause) => {
        throw new ClaimInvalidError({ cause })
      },
    )
    return verdict(answer, (result) => {
      if (
        result.issues !== undefined ||
        typeof result.value !== 'object' ||
        result.value === null
      ) {
        throw new ClaimInvalidError()
      }
      token.claims = freezeClaims(result.value as JwtClaims)
    })
  }
}

/** Lets each token in once. */
export function checkReplay(rules: {
  cache: TokenReplayCache
  scheme: string
  clockSkew: number
}): Check {
  return (token) => {
    if (token.payload.exp === undefined) throw new LifetimeMissingError()
    const expiresAt = toDate(token.payload.exp + rules.clockSkew)
    return verdict(
      useOnce(rules.cache, rules.scheme, replayKey(rules.scheme, token), expiresAt),
      (added) => {
        if (!added) throw new TokenReplayedError()
      },
    )
  }
}

// The signature is left out: some algorithms allow a second valid one for the same content.
function replayKey(scheme: string, { raw, key }: ValidatedToken): string {
  const isSigned = key !== undefined || hasJwtForm(raw)
  const signed = isSigned ? raw.slice(0, raw.lastIndexOf('.')) : raw
  return sha256(`${scheme}\n${signed}`)
}

function verdict<T>(
  answer: MaybePromise<T>,
  judge: (answer: T) => void,
): PromiseLike<void> | undefined {
  if (isPromise(answer)) return andThen(answer, judge) as PromiseLike<void>
  judge(answer)
  return undefined
}
