import type { SecurityToken } from '../event-context.js'
import type { IssuerSigningKeyResolver } from '../keys/key-resolver.js'
import type { IssuerSigningKey } from '../keys/signing-key.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { JwtClaims, RoleClaimType } from '../claims-principal.js'

/** A check of the user's: only `true` accepts, a throw refuses. May be asynchronous. */
export type Validator<Arguments extends unknown[]> = (...args: Arguments) => MaybePromise<boolean>

/** The part of the Standard Schema interface (version 1) that is used here; zod, valibot and arktype schemas have it. */
export interface StandardSchema<TOutput> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
    ) => MaybePromise<
      | { readonly value: TOutput; readonly issues?: undefined }
      | { readonly issues: readonly unknown[] }
    >
    readonly types?: { readonly input: unknown; readonly output: TOutput } | undefined
  }
}

/** Remembers tokens that were used. */
export interface TokenReplayCache {
  /**
   * Adds a key in one atomic step.
   *
   * @param key - Stands for scheme and token; a hash, so the cache never holds a token.
   * @param expiresAt - When the key may be forgotten.
   * @returns `true` when the key was not there before.
   */
  addIfAbsent(key: string, expiresAt: Date): MaybePromise<boolean>
}

/** What makes a token good. Every check is on unless it is turned off here. */
export interface TokenValidationParameters<TClaims = JwtClaims> {
  /**
   * Whether `iss` must be an accepted issuer.
   *
   * @remarks Off, a token from any issuer whose key is trusted is accepted: with a key shared between
   * environments, one of them can sign in to the other.
   *
   * @defaultValue `true`
   */
  validateIssuer?: boolean | undefined
  /** The accepted issuer, compared exactly; the issuer of the metadata is accepted too. */
  validIssuer?: string | undefined
  /** Several accepted issuers. */
  validIssuers?: readonly string[] | undefined
  /** Replaces the issuer check. */
  issuerValidator?: Validator<[issuer: string, token: SecurityToken]> | undefined
  /**
   * Whether `aud` must name this API.
   *
   * @remarks Off, a token that the issuer made for another API is accepted: whoever runs that API, or
   * steals its tokens, can call this one.
   *
   * @defaultValue `true`
   */
  validateAudience?: boolean | undefined
  /** The accepted audience. */
  validAudience?: string | undefined
  /** Several accepted audiences; one of them is enough. */
  validAudiences?: readonly string[] | undefined
  /**
   * Whether a single `/` at the end makes no difference between audiences.
   *
   * @defaultValue `true`
   */
  ignoreTrailingSlashWhenValidatingAudience?: boolean | undefined
  /** Replaces the audience check. */
  audienceValidator?: Validator<[audiences: readonly string[], token: SecurityToken]> | undefined
  /**
   * Whether `exp` and `nbf` count (RFC 7519 sections 4.1.4 and 4.1.5).
   *
   * @remarks Off, a stolen token works for ever.
   *
   * @defaultValue `true`
   */
  validateLifetime?: boolean | undefined
  /**
   * Whether a token without `exp` is refused.
   *
   * @remarks Off, a token that its issuer forgot to limit works for ever.
   *
   * @defaultValue `true`
   */
  requireExpirationTime?: boolean | undefined
  /**
   * How far, in seconds, the issuer's clock may differ from ours when `exp`, `nbf` and `iat` are checked; 3600
   * at most.
   *
   * @defaultValue `300`
   */
  clockSkew?: number | undefined
  /** Replaces the check of `exp` and `nbf`, which it gets in seconds. */
  lifetimeValidator?:
    Validator<[nbf: number | undefined, exp: number | undefined, token: SecurityToken]> | undefined
  /** A key that tokens may be signed with, besides the metadata's. */
  issuerSigningKey?: IssuerSigningKey | undefined
  /** Several keys; those for other purposes in a JWK set are passed over. */
  issuerSigningKeys?: readonly IssuerSigningKey[] | undefined
  /** Finds the keys for each token by its header; takes the place of all other keys. */
  issuerSigningKeyResolver?: IssuerSigningKeyResolver | undefined
  /**
   * Whether a certificate outside its dates is no key. Signatures are always checked.
   *
   * @defaultValue `false`
   */
  validateIssuerSigningKey?: boolean | undefined
  /**
   * Whether each key that fits the algorithm is tried when none has the token's `kid`.
   *
   * @defaultValue `true`
   */
  tryAllIssuerSigningKeys?: boolean | undefined
  /**
   * The accepted signature algorithms.
   *
   * @defaultValue What the keys allow; never `none`.
   */
  validAlgorithms?: readonly string[] | undefined
  /**
   * The accepted `typ` headers, compared as media types (RFC 7515 section 4.1.9).
   *
   * @defaultValue Any but `dpop+jwt`, `logout+jwt`, `secevent+jwt` and `token-introspection+jwt`.
   */
  validTypes?: readonly string[] | undefined
  /**
   * Lets each token in once. It forgets a token at its `exp`, so it needs `validateLifetime` and goes with no
   * `lifetimeValidator`.
   */
  tokenReplayCache?: TokenReplayCache | undefined
  /**
   * How old, in seconds since `iat`, a token may be, 400 days at most. One without `iat`, or with one in the
   * future, is then refused; `clockSkew` applies both ways.
   */
  maxTokenAge?: number | undefined
  /**
   * Whether a token that is bound to a key or a certificate by `cnf` (RFC 7800 section 3.1) needs the proof of
   * its owner: one of `proofOfPossession`. Where nothing can be proved, a bound token is refused.
   *
   * @remarks Off, whoever steals a bound token can use it. Meant for the time in which the issuer binds tokens
   * already and this API cannot ask for proofs yet.
   *
   * @defaultValue `true`
   */
  validateConfirmation?: boolean | undefined
  /**
   * The claim behind the caller's name.
   *
   * @defaultValue `'name'`
   */
  nameClaimType?: string | undefined
  /**
   * The claims that hold the caller's roles, or a function that reads them from elsewhere.
   *
   * @defaultValue `['role', 'roles', ClaimTypes.Role]`
   */
  roleClaimType?: RoleClaimType | undefined
  /** Checks and types the claims; what it puts out is the caller's `claims`. */
  claimsSchema?: StandardSchema<TClaims> | undefined
}
