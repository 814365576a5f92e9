import { inspect } from 'node:util'
import { inspectAs } from '../internal/inspection.js'
import type { AccessToken } from './user-token.js'
import type { TokenUnavailableError } from './token-unavailable-error.js'

/** An access token that works now. Inspects and serialises without the token. */
export interface AccessTokenSuccess {
  readonly kind: 'success'
  /** The token itself. */
  readonly accessToken: string
  /** How the token is presented, such as `Bearer`. */
  readonly accessTokenType: string
  /** When it stops working, where that is known. */
  readonly expiration: Date | undefined
  /** The granted scopes, separated by spaces. */
  readonly scope: string | undefined
}

/** No access token can be had; the error's `code` says what to do. */
export interface AccessTokenFailure {
  readonly kind: 'failure'
  readonly error: TokenUnavailableError
}

/** The answer to the question for an access token. */
export type AccessTokenResult = AccessTokenSuccess | AccessTokenFailure

class Success implements AccessTokenSuccess {
  readonly kind = 'success'
  readonly accessToken: string
  readonly accessTokenType: string
  readonly expiration: Date | undefined
  readonly scope: string | undefined

  constructor(token: AccessToken) {
    this.accessToken = token.accessToken
    this.accessTokenType = token.accessTokenType ?? 'Bearer'
    this.expiration = token.expiration
    this.scope = token.scope
  }

  toJSON(): Record<string, unknown> {
    return { kind: this.kind, expiration: this.expiration, scope: this.scope }
  }
}

inspectAs(Success, (result) => `AccessTokenResult ${inspect(result.toJSON())}`)

export function succeed(token: AccessToken): AccessTokenSuccess {
  return new Success(token)
}

export function fail(error: TokenUnavailableError): AccessTokenFailure {
  return { kind: 'failure', error }
}
