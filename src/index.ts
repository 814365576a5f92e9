/**
 * JWT bearer authentication and policy-based authorization for Express.
 *
 * @packageDocumentation
 */

export { jwtBearer, type JwtBearerMiddleware } from './jwt-bearer.js'
export type {
  JwtBearerOptions,
  IssuerOptions,
  IssuerResolver,
  TokenCacheOptions,
} from './authentication/options.js'
export type { AuthenticationRequest } from './authentication/read-token.js'
export type {
  TokenValidationParameters,
  TokenReplayCache,
  Validator,
  StandardSchema,
} from './validation/parameters.js'

export { symmetricKey, type SymmetricKey } from './keys/symmetric-key.js'
export type { IssuerSigningKey, JsonWebKeySet, CryptoKey } from './keys/signing-key.js'
export type { IssuerSigningKeyResolver } from './keys/key-resolver.js'

export {
  authorize,
  createAuthorization,
  type Authorize,
  type Authorization,
  type AuthorizationOptions,
} from './authorize.js'
export type { AuthorizeArgument, AuthorizeOptions } from './authorization/demands.js'
export {
  buildPolicy,
  type AuthorizationPolicy,
  type PolicyBuilder,
  type PolicyBuilderFunction,
  type PolicyInput,
} from './authorization/policy.js'
export type { AuthorizationContext, AuthorizationRequirement } from './authorization/requirement.js'
export type { AuthorizationResult } from './authorization/evaluate.js'

export { getAuthentication } from './authentication/request-state.js'
export type {
  AuthenticateResult,
  AuthenticateSuccess,
  AuthenticateFailure,
  NoAuthentication,
} from './authentication/result.js'
export {
  createPrincipal,
  ClaimTypes,
  type ClaimsPrincipal,
  type JwtClaims,
  type PrincipalOptions,
  type RoleClaimType,
} from './principal.js'

export type {
  JwtBearerEvents,
  EventContext,
  EventOptions,
  EventOutcome,
  MessageReceivedContext,
  TokenValidatedContext,
  AuthenticationFailedContext,
  ChallengeContext,
  ForbiddenContext,
  AuthorizationFailure,
  SecurityToken,
  JwtHeader,
} from './events.js'

export {
  AuthError,
  ConfigurationError,
  MetadataUnavailableError,
  BearerRequestError,
  type AuthErrorCode,
  type TokenErrorCode,
} from './errors.js'
export {
  TokenError,
  TokenMalformedError,
  TokenTypeInvalidError,
  AlgorithmNotAllowedError,
  SigningKeyNotFoundError,
  SignatureInvalidError,
  IssuerInvalidError,
  AudienceInvalidError,
  LifetimeMissingError,
  LifetimeInvalidError,
  TokenExpiredError,
  TokenNotYetValidError,
  TokenReplayedError,
  TokenRevokedError,
  ClaimInvalidError,
  TokenRejectedError,
} from './token-errors.js'

export type { DiagnosticChannel, DiagnosticMessages } from './diagnostics.js'

/** Express's request with its `user`: the export carries the augmentation to every consumer. */
export type { Request, Middleware } from './express.js'
