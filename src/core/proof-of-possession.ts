import type { MaybePromise } from '../internal/maybe-promise.js'
import type { Request } from './express.js'

/** The members of `cnf` that can be proved here: a key (RFC 9449 section 6.1) or a certificate (RFC 8705 section 3.1). */
export type ConfirmationMethod = 'jkt' | 'x5t#S256'

/** What a caller proved to possess. */
export interface Confirmation {
  /** The member of `cnf` that was proved. */
  readonly method: ConfirmationMethod
  /** Its value: the SHA-256 thumbprint of the key or the certificate. */
  readonly thumbprint: string
}

/** The words with which a caller can introduce its token. */
export type CredentialsScheme = 'Bearer' | 'DPoP'

/** One use of a bound token: what a proof is held against. */
export interface ProofUse {
  /** Name of the configuration at work. */
  readonly scheme: string
  /** The request; outside Express the object given to `authenticate()`. */
  readonly request: Request
  /** The token, as it was sent. */
  readonly token: string
  /** The thumbprint that the token is bound to. */
  readonly thumbprint: string
  /** The lines of a header, by its name in lower case. */
  readonly lines: (name: string) => readonly string[]
  /** The scheme's clock, in milliseconds since the epoch. */
  readonly clock: () => number
}

/** What `DPoP` credentials bring along: how they are read and challenged. */
export interface DpopCredentials {
  /** Whether `Bearer` credentials are read as well. */
  readonly allowBearerTokens: boolean
  /** The `algs` of challenges, separated by spaces. */
  readonly algs: string
  /** Makes a nonce for callers; only where proofs need one. */
  readonly freshNonce: ((clock: () => number) => string) | undefined
}

/**
 * A way to prove that a token is the caller's own, for the option `proofOfPossession`: what `dpop()` and
 * `clientCertificate()` make.
 */
export interface ProofOfPossession {
  /** The member of `cnf` that it proves. */
  readonly method: ConfirmationMethod
  /** What the metadata of the protected resource says about it (RFC 9728 section 2). */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Whether a token that no proof binds is refused. */
  readonly requiresBoundTokens: boolean
  /** The credentials of its own, where it has some. */
  readonly credentials: DpopCredentials | undefined
  /**
   * Checks the proof of one use; throws, or rejects with, what is wrong.
   *
   * @returns Whether the caller's nonce is about to end, so that it should get another.
   */
  readonly prove: (use: ProofUse) => MaybePromise<boolean>
}
