import { inspectAs } from '../internal/inspection.js'

/** Every `code` that an {@link AuthError} can carry. */
export type AuthErrorCode =
  | 'ERR_CONFIGURATION'
  | 'ERR_METADATA_UNAVAILABLE'
  | 'ERR_INTROSPECTION_UNAVAILABLE'
  | 'ERR_BEARER_REQUEST_INVALID'
  | TokenErrorCode
  | ProofErrorCode

/** Every `code` that a `TokenError` can carry: one per reason to refuse a token. */
export type TokenErrorCode =
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_TYPE_INVALID'
  | 'ERR_TOKEN_ALGORITHM_NOT_ALLOWED'
  | 'ERR_TOKEN_KEY_NOT_FOUND'
  | 'ERR_TOKEN_SIGNATURE_INVALID'
  | 'ERR_TOKEN_ISSUER_INVALID'
  | 'ERR_TOKEN_AUDIENCE_INVALID'
  | 'ERR_TOKEN_LIFETIME_MISSING'
  | 'ERR_TOKEN_LIFETIME_INVALID'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID'
  | 'ERR_TOKEN_REPLAYED'
  | 'ERR_TOKEN_REVOKED'
  | 'ERR_TOKEN_CLAIM_INVALID'
  | 'ERR_TOKEN_CONFIRMATION_INVALID'
  | 'ERR_TOKEN_INACTIVE'
  | 'ERR_TOKEN_REJECTED'

/** Every `code` that a `ProofError` can carry. */
export type ProofErrorCode = 'ERR_PROOF_INVALID' | 'ERR_PROOF_REPLAYED' | 'ERR_PROOF_NONCE_REQUIRED'

/**
 * Is the common base of every error this package creates, told apart by `code`.
 *
 * @remarks No message ever holds a token, a key or the value of a claim; the instants of `exp` and
 * `nbf` are the exception.
 */
export abstract class AuthError extends Error {
  /** Names the cause; stable across versions. */
  readonly code: AuthErrorCode

  protected constructor(code: AuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

// An error is called like its class. Said once for all of them, so that bundlers leave out classes nobody uses.
Object.defineProperty(AuthError.prototype, 'name', {
  configurable: true,
  get(this: AuthError) {
    return this.constructor.name
  },
})

/** Reports a wrong set-up: thrown while the app starts, never because of a caller. */
export class ConfigurationError extends AuthError {
  declare readonly code: 'ERR_CONFIGURATION'

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CONFIGURATION', message, options)
  }
}

/** Is the base of reports that nobody can be judged now, which is nobody's fault who calls; answered with 503. */
export abstract class UnavailableError extends AuthError {
  /** Seconds until the next attempt; sent as `Retry-After`. */
  readonly retryAfter: number

  protected constructor(
    code: AuthErrorCode,
    message: string,
    { retryAfter = 1, ...options }: ErrorOptions & { retryAfter?: number | undefined },
  ) {
    super(code, message, options)
    this.retryAfter = Math.max(1, Math.ceil(retryAfter))
  }
}

/** Reports that the issuer's metadata or keys cannot be had, so that nobody can be judged now. */
export class MetadataUnavailableError extends UnavailableError {
  declare readonly code: 'ERR_METADATA_UNAVAILABLE'

  constructor(message: string, options: ErrorOptions & { retryAfter?: number | undefined } = {}) {
    super('ERR_METADATA_UNAVAILABLE', message, options)
  }
}

/** Reports that the issuer cannot say now whether an opaque token is active (RFC 7662). */
export class IntrospectionUnavailableError extends UnavailableError {
  declare readonly code: 'ERR_INTROSPECTION_UNAVAILABLE'

  constructor(message: string, options: ErrorOptions & { retryAfter?: number | undefined } = {}) {
    super('ERR_INTROSPECTION_UNAVAILABLE', message, options)
  }
}

/**
 * Is the base of the errors that a caller can provoke at will. They carry no stack, which would cost
 * more than the check itself, and inspect without their cause, which may quote the token.
 */
export abstract class CallerError extends AuthError {
  protected constructor(code: AuthErrorCode, message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(code, message, options)
    Error.stackTraceLimit = stackTraceLimit
  }
}

inspectAs(CallerError, ({ name, code, message }) => `${name} [${code}]: ${message}`)

/** Tells whether an error says something about the caller, or that nobody can be judged now; any other is a fault of ours or the app's. */
export function isAboutTheCaller(error: Error): boolean {
  return error instanceof AggregateError
    ? error.errors.every(concernsTheCaller)
    : concernsTheCaller(error)
}

function concernsTheCaller(error: unknown): boolean {
  return error instanceof CallerError || error instanceof UnavailableError
}

/** Reports credentials that break RFC 6750's grammar; answered with 400 (RFC 6750 section 3.1). */
export class BearerRequestError extends CallerError {
  declare readonly code: 'ERR_BEARER_REQUEST_INVALID'

  constructor() {
    super('ERR_BEARER_REQUEST_INVALID', 'The bearer credentials are malformed')
  }
}

/** Reads the `code` of an error, ours or another's. */
export function codeOf(error: Error): string | undefined {
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
