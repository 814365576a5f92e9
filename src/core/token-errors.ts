import { CallerError, type TokenErrorCode } from './errors.js'

/** Is the base of every reason to refuse a token; answered with 401 `invalid_token`. */
export abstract class TokenError extends CallerError {
  declare readonly code: TokenErrorCode

  protected constructor(code: TokenErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** Reports text that is not a signed JWT in compact form, is too long, or asks for an extension. */
export class TokenMalformedError extends TokenError {
  declare readonly code: 'ERR_TOKEN_MALFORMED'

  constructor() {
    super('ERR_TOKEN_MALFORMED', 'The token is malformed')
  }
}

/** Reports a token made for another purpose: its `typ` header is not accepted here. */
export class TokenTypeInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_TYPE_INVALID'

  constructor() {
    super('ERR_TOKEN_TYPE_INVALID', 'The token type is not accepted')
  }
}

/** Reports a token signed with an algorithm that is not accepted here, `none` included. */
export class AlgorithmNotAllowedError extends TokenError {
  declare readonly code: 'ERR_TOKEN_ALGORITHM_NOT_ALLOWED'

  constructor() {
    super('ERR_TOKEN_ALGORITHM_NOT_ALLOWED', 'The signature algorithm is not allowed')
  }
}

/** Reports a token that no known key vouches for. */
export class SigningKeyNotFoundError extends TokenError {
  declare readonly code: 'ERR_TOKEN_KEY_NOT_FOUND'

  constructor() {
    super('ERR_TOKEN_KEY_NOT_FOUND', 'The signature key was not found')
  }
}

/** Reports a token whose signature its own key does not verify. */
export class SignatureInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_SIGNATURE_INVALID'

  constructor() {
    super('ERR_TOKEN_SIGNATURE_INVALID', 'The signature is invalid')
  }
}

/** Reports a token from an issuer that is not accepted here. */
export class IssuerInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_ISSUER_INVALID'

  constructor(options?: ErrorOptions) {
    super('ERR_TOKEN_ISSUER_INVALID', 'The issuer is invalid', options)
  }
}

/** Reports a token meant for another audience. */
export class AudienceInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_AUDIENCE_INVALID'

  constructor(options?: ErrorOptions) {
    super('ERR_TOKEN_AUDIENCE_INVALID', 'The audience is invalid', options)
  }
}

/** Reports a token without `exp` where one is required. */
export class LifetimeMissingError extends TokenError {
  declare readonly code: 'ERR_TOKEN_LIFETIME_MISSING'

  constructor() {
    super('ERR_TOKEN_LIFETIME_MISSING', 'The token has no expiration')
  }
}

/** Reports a token whose `nbf` lies after its `exp`, or that a `lifetimeValidator` refused. */
export class LifetimeInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_LIFETIME_INVALID'

  constructor(options?: ErrorOptions) {
    super('ERR_TOKEN_LIFETIME_INVALID', 'The token lifetime is invalid', options)
  }
}

/** Reports a token whose `exp` claim, plus the allowed clock skew, lies in the past, or that is older than `maxTokenAge`. */
export class TokenExpiredError extends TokenError {
  declare readonly code: 'ERR_TOKEN_EXPIRED'
  /** When the token stopped being valid, clock skew not counted. */
  readonly expiredAt: Date

  constructor(expiredAt: Date) {
    super('ERR_TOKEN_EXPIRED', `The token expired at '${expiredAt.toISOString()}'`)
    this.expiredAt = expiredAt
  }
}

/** Reports a token whose `nbf` claim, less the allowed clock skew, lies in the future. */
export class TokenNotYetValidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_NOT_YET_VALID'
  /** When the token starts to be valid, clock skew not counted. */
  readonly validFrom: Date

  constructor(validFrom: Date) {
    super('ERR_TOKEN_NOT_YET_VALID', `The token is not valid before '${validFrom.toISOString()}'`)
    this.validFrom = validFrom
  }
}

/** Reports a token that was used before, where each may be used once. */
export class TokenReplayedError extends TokenError {
  declare readonly code: 'ERR_TOKEN_REPLAYED'

  constructor() {
    super('ERR_TOKEN_REPLAYED', 'The token was used before')
  }
}

/** Reports an opaque token that its issuer calls inactive (RFC 7662 section 2.2); why, the issuer does not say. */
export class TokenInactiveError extends TokenError {
  declare readonly code: 'ERR_TOKEN_INACTIVE'

  constructor() {
    super('ERR_TOKEN_INACTIVE', 'The token is not active')
  }
}

/** Reports a token that was withdrawn before it expired; hand it to an event's `fail()`. */
export class TokenRevokedError extends TokenError {
  declare readonly code: 'ERR_TOKEN_REVOKED'

  constructor() {
    super('ERR_TOKEN_REVOKED', 'The token was revoked')
  }
}

/** Reports claims that the `claimsSchema` or `roleClaimType` function does not accept. */
export class ClaimInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_CLAIM_INVALID'

  constructor(options?: ErrorOptions) {
    super('ERR_TOKEN_CLAIM_INVALID', 'The claims are not acceptable', options)
  }
}

/** Reports a caller that an event refused with `fail()`. */
export class TokenRejectedError extends TokenError {
  declare readonly code: 'ERR_TOKEN_REJECTED'

  /** @param reason - Said to event handlers and logs, never to the caller. */
  constructor(reason = 'The token was rejected', options?: ErrorOptions) {
    super('ERR_TOKEN_REJECTED', reason, options)
  }
}
