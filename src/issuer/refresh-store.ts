/** A session as it is first written: every refresh token that grows from one sign-in belongs to it. */
export interface NewRefreshFamily {
  /**
   * Random, unique, 22 characters of base64url. It is the `sid` of access tokens and the first part
   * of each refresh token, so it may become part of a key (in Redis: the hash tag) but is no secret.
   */
  readonly id: string
  /** Whose session it is: the `sub` of access tokens. */
  readonly subject: string
  /** The client the refresh tokens are bound to. */
  readonly clientId: string
  /** Claims for the access tokens of the session; JSON. */
  readonly claims: Readonly<Record<string, unknown>>
  /** What a list of sessions shows, such as a device name; JSON. */
  readonly meta: Readonly<Record<string, unknown>>
  /** How many seconds the session lasts at most, whatever happens, counted by the store's clock. */
  readonly lifetime: number
}

/** A session as a store returns it. All instants come from the store's clock. */
export interface RefreshFamily {
  readonly id: string
  readonly subject: string
  readonly clientId: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly meta: Readonly<Record<string, unknown>>
  readonly createdAt: Date
  /** When the session was created or last rotated. */
  readonly lastUsedAt: Date
  /** When the session ends for good. Set by `create` and never moved. */
  readonly expiresAt: Date
  /** When the session was revoked. Once set it stays. */
  readonly revokedAt: Date | undefined
}

/** A refresh token as it is first written. The token itself never reaches a store. */
export interface NewRefreshToken {
  /** SHA-256 of the token, base64url. */
  readonly hash: string
  /** How many seconds the token may stay unused; cut off where the session ends. */
  readonly idleLifetime: number
}

/** Points at a presented refresh token. */
export interface RefreshTokenReference {
  readonly familyId: string
  /** SHA-256 of the token, base64url. */
  readonly hash: string
}

/** The refresh token that takes over from a presented one. */
export interface RefreshSuccessor extends NewRefreshToken {
  /**
   * The successor encrypted with a key that only the presented token yields, base64url. It answers a
   * repeated request; without the presented token it is noise.
   */
  readonly sealed: string
}

/** Everything the decision about a presented refresh token needs, read in one atomic step. */
export interface RefreshRecord {
  readonly family: RefreshFamily
  /** When the presented token expires unless it is rotated before. */
  readonly idleExpiresAt: Date
  /** When the presented token was first rotated; a later request never moves it. */
  readonly rotatedAt: Date | undefined
  /** What `rotate` was given as `successor.sealed`, until `prune` takes it away. */
  readonly sealedSuccessor: string | undefined
  /** Whether the successor has itself been rotated. */
  readonly successorUsed: boolean
  /** The store's clock at the time of the read. */
  readonly now: Date
}

/**
 * Keeps sessions and the hashes of their refresh tokens.
 *
 * @remarks
 * Each operation is one atomic step in the store: a single statement, script or synchronous piece of
 * code, never a read followed by a write. Time is the store's own (the statement's clock in SQL,
 * `TIME` in Redis, the `clock` option in memory), so processes whose clocks differ still agree.
 * Lifetimes therefore arrive as seconds and instants only ever leave the store.
 *
 * A token is _rotated_ and a session is _revoked_: two states that are stored apart and never
 * derived from each other. Both are kept, not deleted, until `prune` may forget them.
 *
 * `refreshStoreContract` of `express-jwt-bearer/testing` proves an implementation.
 */
export interface RefreshStore {
  /**
   * Writes a new session with its first refresh token. `expiresAt` is now plus `family.lifetime`;
   * the token's idle expiry is now plus `token.idleLifetime` or `expiresAt`, whichever is earlier.
   */
  create(family: NewRefreshFamily, token: NewRefreshToken): Promise<void>

  /**
   * Reads a presented token with its session. It changes nothing. Revoked sessions and rotated or
   * expired tokens are found like any other until they are pruned.
   *
   * @returns `undefined` when the hash is unknown or belongs to another session.
   */
  find(token: RefreshTokenReference): Promise<RefreshRecord | undefined>

  /**
   * Replaces a presented token by its successor, if at this very moment the token exists, has not
   * been rotated and has not reached its idle expiry, and its session is neither revoked nor
   * expired. Then, all or nothing: the token's `rotatedAt` becomes now and its `sealedSuccessor` the
   * given one, the successor is written with an idle expiry of now plus `idleLifetime` or the
   * session's `expiresAt`, whichever is earlier, and the session's `lastUsedAt` becomes now. The
   * session's `expiresAt` stays.
   *
   * Of any number of concurrent calls for one token exactly one returns `true`. A revocation that
   * commits first makes it return `false`; one that commits later finds the successor in the revoked
   * session.
   *
   * @returns Whether it happened. `false` means that nothing was changed.
   */
  rotate(token: RefreshTokenReference, successor: RefreshSuccessor): Promise<boolean>

  /**
   * Revokes a session for good. The first revocation's instant stays.
   *
   * @returns Whether this call revoked it: `false` for an unknown or already revoked session.
   */
  revokeFamily(familyId: string): Promise<boolean>

  /**
   * Revokes every session of a subject that is not revoked yet, but the one named by `except`.
   *
   * @remarks
   * A store that cannot touch several sessions in one step (a Redis cluster) revokes each in a step
   * of its own; the call returns when all are revoked.
   *
   * @returns The ids of the sessions this call revoked.
   */
  revokeSubject(subject: string, except?: string): Promise<string[]>

  /**
   * Lists the live sessions of a subject, oldest first: not revoked, not expired, and with a token
   * that has not reached its idle expiry.
   */
  list(subject: string): Promise<RefreshFamily[]>

  /**
   * Forgets what no decision needs any more: sessions past `expiresAt` with all their tokens, tokens
   * past their idle expiry that were rotated longer than `reuseInterval` seconds ago or never, and the
   * sealed successors of tokens rotated longer than that ago (the token itself stays, to
   * recognise reuse). A store whose entries expire by themselves may return 0.
   *
   * @returns How many sessions were forgotten.
   */
  prune(reuseInterval: number): Promise<number>
}
