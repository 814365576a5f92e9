/** What a deny-list entry names: one access token, one session, or a subject's older tokens. */
export type DenyKind = 'jti' | 'sid' | 'sub'

/** Names the access tokens that must no longer be accepted. */
export type DenyEntry =
  | {
      readonly kind: 'jti' | 'sid'
      readonly id: string
      /** How many seconds the entry lasts, counted by the list's clock. */
      readonly lifetime: number
    }
  | {
      readonly kind: 'sub'
      readonly id: string
      readonly lifetime: number
      /** Tokens of the subject with an earlier `iat` are denied; a NumericDate, in whole seconds. */
      readonly notBefore: number
    }

/** The claims of an access token that a deny list looks at. */
export interface DenyQuery {
  readonly jti?: string | undefined
  readonly sid?: string | undefined
  readonly sub?: string | undefined
  readonly iat?: number | undefined
}

/**
 * Remembers access tokens that died before their time, for as long as they would have lived.
 *
 * @remarks
 * `denyListContract` of `express-jwt-bearer/testing` proves an implementation.
 */
export interface DenyList {
  /**
   * Adds an entry in one atomic step. For a `kind` and `id` that are already listed the longer
   * remaining lifetime and the later `notBefore` win: a second entry never lets a token back in.
   */
  deny(entry: DenyEntry): Promise<void>

  /**
   * Tells whether a token is denied: its `jti` or `sid` is listed, or its `sub` is listed and its
   * `iat` is missing or lies before the entry's `notBefore`. Entries past their lifetime do not
   * count. The three kinds never meet: an id listed as `jti` says nothing about an equal `sub`.
   */
  isDenied(token: DenyQuery): Promise<boolean>
}
