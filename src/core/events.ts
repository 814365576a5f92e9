import { Context, ResultContext, type Exchange, type SecurityToken } from './event-context.js'
import type { ClaimsPrincipal } from './claims-principal.js'
import type { CredentialsScheme } from './proof-of-possession.js'

/** Is handed to `onMessageReceived`: the first look at a request. */
export class MessageReceivedContext extends ResultContext {
  /**
   * The token to check, filled in from the `Authorization` header. An empty one falls back to the
   * header. A token taken from a cookie needs a defence against cross-site requests.
   */
  token: string | undefined

  constructor(exchange: Exchange, token: string | undefined) {
    super(exchange)
    this.token = token
  }

  /** Ends the walk: this is the caller, no token is looked at. */
  success(principal: ClaimsPrincipal): void {
    this.accept(principal)
  }
}

/** Is handed to `onTokenValidated`: every check has passed. */
export class TokenValidatedContext extends ResultContext {
  /** The caller; set another one to replace it. */
  principal: ClaimsPrincipal
  /** The token itself. */
  readonly securityToken: SecurityToken
  /** Room for what later handlers should find on the result. */
  readonly properties: Record<string, unknown>

  constructor(
    exchange: Exchange,
    principal: ClaimsPrincipal,
    securityToken: SecurityToken,
    properties: Record<string, unknown>,
  ) {
    super(exchange)
    this.principal = principal
    this.securityToken = securityToken
    this.properties = properties
  }

  /** Ends the walk with the context's principal or another one. */
  success(principal: ClaimsPrincipal = this.principal): void {
    this.accept(principal)
  }
}

/** Is handed to `onAuthenticationFailed`: the caller was refused, or could not be judged. */
export class AuthenticationFailedContext extends ResultContext {
  /** Why; set another error to replace it. */
  error: Error

  constructor(exchange: Exchange, error: Error) {
    super(exchange)
    this.error = error
  }

  /** Recovers: this is the caller after all. */
  success(principal: ClaimsPrincipal): void {
    this.accept(principal)
  }
}

/** Why a policy did not let a caller through. */
export interface AuthorizationFailure {
  /** The requirements that were not met. */
  readonly failedRequirements: readonly { readonly name: string }[]
  /** What assertions gave as reasons. */
  readonly reasons: readonly string[]
}

/** Is handed to `onChallenge`: an answer of 401 or 400 is about to be written. */
export class ChallengeContext extends Context {
  /** Why the caller was refused; nothing when no credentials were sent. */
  authenticateFailure: Error | undefined
  /** RFC 6750's error code. */
  error: string | undefined
  /** Text for people; characters that RFC 6750 does not allow are left out. */
  errorDescription: string | undefined
  /** Address of a page that explains the error. */
  errorUri: string | undefined
  /** Scopes that the route asks for, separated by spaces. */
  scope: string | undefined
  /** Authentication context class references, separated by spaces, one of which would do (RFC 9470 section 3). */
  acrValues: string | undefined
  /** How many seconds ago the user may have signed in at the most (RFC 9470 section 3). */
  maxAge: number | undefined
  /** Address of the protected resource's metadata (RFC 9728 section 5.1). */
  resourceMetadata: string | undefined
  /** The caller who is known and has to sign in again, more strongly or anew; otherwise nobody is known. */
  readonly principal: ClaimsPrincipal | undefined
  /** What the policy would have asked for. */
  readonly authorizationFailure: AuthorizationFailure | undefined
  /** The word with which the caller introduced its token: `error` and its texts go to the challenge of that kind. */
  readonly credentials: CredentialsScheme | undefined
  #handled = false

  constructor(
    exchange: Exchange,
    failure: Error | undefined,
    parameters: {
      error?: string | undefined
      errorDescription?: string | undefined
      scope?: string | undefined
      acrValues?: string | undefined
      maxAge?: number | undefined
      resourceMetadata?: string | undefined
      credentials?: CredentialsScheme | undefined
    },
    authorizationFailure: AuthorizationFailure | undefined,
    principal?: ClaimsPrincipal,
  ) {
    super(exchange)
    this.authenticateFailure = failure
    this.error = parameters.error
    this.errorDescription = parameters.errorDescription
    this.errorUri = undefined
    this.scope = parameters.scope
    this.acrValues = parameters.acrValues
    this.maxAge = parameters.maxAge
    this.resourceMetadata = parameters.resourceMetadata
    this.authorizationFailure = authorizationFailure
    this.principal = principal
    this.credentials = parameters.credentials
  }

  /** Whether {@link ChallengeContext.handleResponse} was called. */
  get handled(): boolean {
    return this.#handled
  }

  /** Takes over: the event has written the response or will, and nothing else is written. */
  handleResponse(): void {
    this.#handled = true
  }
}

/** Is handed to `onForbidden`: an answer of 403 is about to be written. */
export class ForbiddenContext extends Context {
  /** The caller who falls short. */
  readonly principal: ClaimsPrincipal
  /** What is missing. */
  readonly authorizationFailure: AuthorizationFailure
  #handled = false

  constructor(
    exchange: Exchange,
    principal: ClaimsPrincipal,
    authorizationFailure: AuthorizationFailure,
  ) {
    super(exchange)
    this.principal = principal
    this.authorizationFailure = authorizationFailure
  }

  /** Whether {@link ForbiddenContext.handleResponse} was called. */
  get handled(): boolean {
    return this.#handled
  }

  /** Takes over: the event has written the response or will, and nothing else is written. */
  handleResponse(): void {
    this.#handled = true
  }
}

/** The five hooks, in the order in which they can fire. Each may be asynchronous. */
export interface JwtBearerEvents {
  /** Runs for every request, before a token is looked at; may supply the token or the caller. */
  onMessageReceived?: ((context: MessageReceivedContext) => unknown) | undefined
  /** Runs whenever a token has passed every check; may still refuse or replace the caller. */
  onTokenValidated?: ((context: TokenValidatedContext) => unknown) | undefined
  /** Runs when a token was refused or nobody could be judged; may recover. */
  onAuthenticationFailed?: ((context: AuthenticationFailedContext) => unknown) | undefined
  /** Runs before a 401 or 400 is written; may write another answer. */
  onChallenge?: ((context: ChallengeContext) => unknown) | undefined
  /** Runs before a 403 is written; may write another answer. */
  onForbidden?: ((context: ForbiddenContext) => unknown) | undefined
}
