import { attempt } from '../internal/maybe-promise.js'
import type { TokenUnavailableCode } from './token-unavailable-error.js'

/**
 * What happens to tokens, for metrics and logs. Sessions and tokens appear as the first eight digits
 * of a SHA-256; there is no `user` where the application asks for itself.
 *
 * @remarks
 * - `tokenUsed`: a request went out with a token.
 * - `tokenRetrieved`: the issuer gave a new token.
 * - `tokenFailed`: the issuer or the store gave none; `terminal` when trying again is of no use.
 * - `accessDeniedRetry`: an API answered 401 and the request was sent again with a renewed token.
 * - `nonceRetry`: an API asked for a DPoP nonce and the request was sent again with it.
 * - `sessionEnded`: the tokens of a session were cleared: the user signed out, or the issuer refused to go on.
 * - `storeFailed`: new tokens could not be stored; they are kept in memory and written as soon as possible.
 * - `revocationFailed`: the user is signed out here, but the issuer could not be told.
 */
export type TokenEvent =
  | { readonly kind: 'tokenUsed'; readonly user: string; readonly token: string }
  | { readonly kind: 'tokenRetrieved'; readonly user?: string | undefined; readonly token: string }
  | {
      readonly kind: 'tokenFailed'
      readonly user?: string | undefined
      readonly code: TokenUnavailableCode
      readonly terminal: boolean
      readonly oauthError?: string | undefined
    }
  | { readonly kind: 'accessDeniedRetry'; readonly user: string; readonly token: string }
  | { readonly kind: 'nonceRetry'; readonly user: string; readonly token: string }
  | {
      readonly kind: 'sessionEnded'
      readonly user: string
      readonly reason: 'signedOut' | 'rejected'
    }
  | { readonly kind: 'storeFailed'; readonly user: string }
  | { readonly kind: 'revocationFailed'; readonly user: string }

/** Receives events. */
export type TokenEventHandler = (event: TokenEvent) => void

/** Keeps a handler's own failures, also later ones, away from the token that is being fetched. */
export function quietly(handler: ((event: TokenEvent) => unknown) | undefined): TokenEventHandler {
  return (event) => {
    // An event tells; it decides nothing.
    void attempt(
      () => handler?.(event),
      () => undefined,
    )
  }
}
