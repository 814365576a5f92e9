/**
 * JWT bearer authentication and policy-based authorization for Express.
 *
 * @packageDocumentation
 */

export { jwtBearer, type JwtBearerMiddleware } from './core/jwt-bearer.js'
export type {
  JwtBearerOptions,
  IssuerOptions,
  IssuerResolver,
  TokenCacheOptions,
} from './core/authentication/options.js'
export type { AuthenticationRequest } from './core/authentication/read-token.js'
export type {
  HeaderPairs,
  HeaderRecord,
  RequestWithHeaders,
} from './core/authentication/request-view.js'
export type {
  TokenValidationParameters,
  TokenReplayCache,
  Validator,
  StandardSchema,
} from './core/validation/parameters.js'

export { nestedClaim } from './core/nested-claim.js'

export { symmetricKey, type SymmetricKey } from './core/keys/symmetric-key.js'
export type { IssuerSigningKey, JsonWebKeySet, CryptoKey } from './core/keys/signing-key.js'
export type { IssuerSigningKeyResolver } from './core/keys/key-resolver.js'

export {
  authorize,
  createAuthorization,
  type Authorize,
  type Authorization,
  type AuthorizationOptions,
} from './core/authorize.js'
export type { AuthorizeArgument, AuthorizeOptions } from './core/authorization/demands.js'
export {
  buildPolicy,
  type AuthorizationPolicy,
  type PolicyBuilder,
  type PolicyBuilderFunction,
  type PolicyInput,
} from './core/authorization/policy.js'
export type {
  AuthorizationContext,
  AuthorizationRequirement,
} from './core/authorization/requirement.js'
export type { AuthorizationResult } from './core/authorization/evaluate.js'

export { getAuthentication } from './core/authentication/request-state.js'
export type {
  AuthenticateResult,
  AuthenticateSuccess,
  AuthenticateFailure,
  NoAuthentication,
} from './core/authentication/result.js'
export {
  ClaimTypes,
  type ClaimsPrincipal,
  type JwtClaims,
  type PrincipalOptions,
  type RoleClaimType,
} from './core/claims-principal.js'
export { createPrincipal } from './core/principal.js'

export type {
  EventContext,
  EventOptions,
  EventOutcome,
  SecurityToken,
  JwtHeader,
} from './core/event-context.js'
export type {
  JwtBearerEvents,
  MessageReceivedContext,
  TokenValidatedContext,
  AuthenticationFailedContext,
  ChallengeContext,
  ForbiddenContext,
  AuthorizationFailure,
} from './core/events.js'

export {
  AuthError,
  ConfigurationError,
  MetadataUnavailableError,
  IntrospectionUnavailableError,
  BearerRequestError,
  type AuthErrorCode,
  type ProofErrorCode,
  type TokenErrorCode,
} from './core/errors.js'
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
  TokenInactiveError,
  TokenRevokedError,
  ClaimInvalidError,
  TokenRejectedError,
} from './core/token-errors.js'
export {
  ConfirmationInvalidError,
  ProofError,
  ProofInvalidError,
  ProofReplayedError,
  ProofNonceRequiredError,
} from './core/proof-errors.js'
export type {
  Confirmation,
  ConfirmationMethod,
  CredentialsScheme,
  ProofOfPossession,
} from './core/proof-of-possession.js'

export type {
  IntrospectedToken,
  IntrospectionSurroundings,
  TokenIntrospection,
  TokenIntrospector,
} from './core/token-introspection.js'

export type { DiagnosticChannel, DiagnosticMessages } from './internal/diagnostics.js'

/** Express's request with its `user`: the export carries the augmentation to every consumer. */
export type { Request, Middleware } from './core/express.js'
