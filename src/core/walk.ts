import type { Exchange } from './event-context.js'
import type { Confirmation, CredentialsScheme } from './proof-of-possession.js'

/** The way of one request through a scheme: where it takes place, and what is found out under way. */
export interface Walk extends Exchange {
  /** The word with which the caller introduced its token; nothing where there are no credentials. */
  credentials: CredentialsScheme | undefined
  /** What the caller proved to possess. */
  confirmations: readonly Confirmation[]
  /** Whether the caller's nonce is about to end. */
  isNonceEnding: boolean
}

/** What everybody has proved who came with nothing but a token. */
export const nothingConfirmed: readonly Confirmation[] = Object.freeze([])
