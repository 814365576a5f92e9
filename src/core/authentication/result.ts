import { inspect } from 'node:util'
import type { JwtHeader } from '../event-context.js'
import { inspectAs } from '../../internal/inspection.js'
import type { ClaimsPrincipal, JwtClaims } from '../claims-principal.js'
import type { Confirmation } from '../proof-of-possession.js'
import { nothingConfirmed } from '../walk.js'
import { audiencesOf, toDate } from '../validation/claims.js'
import type { ValidatedToken } from '../validation/validated-token.js'

/** A caller is known. Inspects and serialises without token and claims. */
export interface AuthenticateSuccess {
  readonly kind: 'success'
  readonly principal: ClaimsPrincipal
  /** The raw token; only with `saveToken`, and only where the caller came with one. */
  readonly token?: string | undefined
  /** The token's header; empty where an event named the caller without a token. */
  readonly header: Partial<JwtHeader>
  /** The instant of `exp`. */
  readonly expiresAt: Date | undefined
  /** The instant of `iat`. */
  readonly issuedAt: Date | undefined
  /** What `onTokenValidated` put there. */
  readonly properties: Record<string, unknown>
  /** Name of the scheme that vouches for the caller. */
  readonly scheme: string
  /** What the caller proved to possess; empty for a plain bearer token, and where an event named the caller. */
  readonly confirmations: readonly Confirmation[]
}

/** The caller was refused, or could not be judged. */
export interface AuthenticateFailure {
  readonly kind: 'failure'
  readonly error: Error
}

/** No credentials were sent, or none for this scheme. */
export interface NoAuthentication {
  readonly kind: 'none'
}

/** What is known about the caller of a request. */
export type AuthenticateResult = AuthenticateSuccess | AuthenticateFailure | NoAuthentication

abstract class Result {
  abstract toJSON(): Record<string, unknown>
}

inspectAs(Result, (result) => `AuthenticateResult ${inspect(result.toJSON())}`)

/** A {@link AuthenticateSuccess} that keeps its secrets when logged. */
export class Success extends Result implements AuthenticateSuccess {
  readonly kind = 'success'
  readonly scheme: string
  readonly principal: ClaimsPrincipal
  readonly properties: Record<string, unknown>
  readonly confirmations: readonly Confirmation[]
  readonly #token: ValidatedToken | undefined
  readonly #saved: boolean

  constructor(
    scheme: string,
    principal: ClaimsPrincipal,
    properties: Record<string, unknown>,
    token?: ValidatedToken,
    saved = false,
    confirmations: readonly Confirmation[] = nothingConfirmed,
  ) {
    super()
    this.scheme = scheme
    this.principal = principal
    this.properties = properties
    this.confirmations = confirmations
    this.#token = token
    this.#saved = saved
  }

  get token(): string | undefined {
    return this.#saved ? this.#token?.raw : undefined
  }

  get header(): Partial<JwtHeader> {
    return this.#token?.securityToken.header ?? {}
  }

  get expiresAt(): Date | undefined {
    return instantOf(this.#token?.payload.exp)
  }

  get issuedAt(): Date | undefined {
    return instantOf(this.#token?.payload.iat)
  }

  static claimsOf(result: Success): JwtClaims | undefined {
    return result.#token?.payload
  }

  /** The audiences of the token that the scheme accepts; none where an event named the caller. */
  get audiences(): readonly string[] {
    const token = this.#token
    return token === undefined
      ? []
      : audiencesOf(token.payload).filter((audience) => token.settings.acceptsAudience(audience))
  }

  toJSON(): Record<string, unknown> {
    const { kind, scheme, expiresAt, issuedAt } = this
    return { kind, scheme, expiresAt, issuedAt }
  }
}

function instantOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : toDate(seconds)
}

/** Finds what a caller's token said before a schema or an event saw it; nothing where there was no token. */
export function claimsOfToken(result: AuthenticateSuccess): JwtClaims | undefined {
  return result instanceof Success ? Success.claimsOf(result) : undefined
}

/** A {@link AuthenticateFailure} that shows a name and a code when logged. */
export class Failure extends Result implements AuthenticateFailure {
  readonly kind = 'failure'
  readonly error: Error

  constructor(error: Error) {
    super()
    this.error = error
  }

  toJSON(): Record<string, unknown> {
    const { name, code } = this.error as Error & { code?: unknown }
    return { kind: this.kind, error: { name, code } }
  }
}

/** The one result of everybody who sent no credentials. */
export const noAuthentication: NoAuthentication = Object.freeze({ kind: 'none' })
