import { inspect } from 'node:util'
import type { JwtHeader } from '../events.js'
import { inspectAs } from '../inspection.js'
import type { ClaimsPrincipal } from '../principal.js'

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
  readonly principal: ClaimsPrincipal
  readonly token: string | undefined
  readonly header: Partial<JwtHeader>
  readonly expiresAt: Date | undefined
  readonly issuedAt: Date | undefined
  readonly properties: Record<string, unknown>
  readonly scheme: string

  constructor(values: Omit<AuthenticateSuccess, 'kind'>) {
    super()
    this.principal = values.principal
    this.token = values.token
    this.header = values.header
    this.expiresAt = values.expiresAt
    this.issuedAt = values.issuedAt
    this.properties = values.properties
    this.scheme = values.scheme
  }

  toJSON(): Record<string, unknown> {
    const { kind, scheme, expiresAt, issuedAt } = this
    return { kind, scheme, expiresAt, issuedAt }
  }
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
