import { attempt } from '../internal/maybe-promise.js'
import type { RotationDecision } from './decide-rotation.js'

/** What happened to a refresh token. Holds ids and the beginning of a hash, never a token. */
export interface RefreshEvent {
  /** `rotated` and `replayed` were answered with tokens, all others were refused. */
  readonly type: 'rotated' | 'replayed' | Exclude<RotationDecision, 'rotate' | 'replay'>
  /** The first eight characters of the presented token's hash; `undefined` for what is no refresh token. */
  readonly tokenId: string | undefined
  /** The session; `undefined` for an unknown token. */
  readonly sessionId: string | undefined
  readonly subject: string | undefined
  readonly clientId: string | undefined
}

/** What a deny list said about an access token. */
export interface RevocationEvent {
  /** `denied`: the token was revoked. `denyListUnavailable`: nobody could tell. */
  readonly type: 'denied' | 'denyListUnavailable'
  readonly tokenId?: string | undefined
  readonly sessionId?: string | undefined
  readonly subject?: string | undefined
  /** What the deny list threw. */
  readonly error?: unknown
}

/** Everything an issuer reports through `onEvent`. */
export type IssuerEvent = RefreshEvent | RevocationEvent

/** Tells a listener; its failure must not fail the request, which has happened already. */
export function notify<T>(listener: ((event: T) => unknown) | undefined, event: T): void {
  void attempt(
    () => listener?.(event),
    () => {
      process.emitWarning('An "onEvent" listener of express-jwt-bearer/issuer failed')
    },
  )
}
