import type { UserKey, UserToken } from './user-token.js'

/** A session's tokens as a store holds them. */
export interface StoredUserToken {
  /** What was stored last. */
  readonly token: UserToken
  /** Names this very write; see {@link UserTokenStore.storeToken}. */
  readonly version: string
}

/** Makes a write depend on what the store holds. */
export interface UserTokenCondition {
  /** Write only if the store still holds this version. Without it, write in any case. */
  readonly ifVersion?: string | undefined
}

/** A lock that {@link UserTokenStore.lock} handed out. */
export interface UserTokenLock {
  /** Gives the lock back, if it is still ours: a lock that ran out and has a new owner stays with that owner. */
  release(): Promise<void>
}

/**
 * Keeps the tokens of signed-in users, one record per session.
 *
 * @remarks
 * To write your own, implement the three methods, each one atomic operation of your engine:
 *
 * - Every write draws a new, random `version` that never comes back, not even after `clearToken`.
 * - A write with `ifVersion` compares and writes in one step. Reading first and writing afterwards
 *   loses tokens as soon as two processes do it at once.
 * - An engine that cannot be reached rejects. Do not answer `undefined`: that signs the user out.
 * - Let records go when a session is idle for longer than refresh tokens live.
 * - Tokens are passwords: keep them out of logs, and encrypt them where others can read the engine.
 *
 * With more than one process and an issuer that accepts each refresh token once, `lock` is needed as well.
 * `userTokenStoreContract` of `express-jwt-bearer/testing` checks all of it.
 */
export interface UserTokenStore {
  /**
   * Stores a session's tokens in place of the earlier ones.
   *
   * @returns The version of this write, or `undefined` if `ifVersion` is given and the store holds
   * another version or nothing; then nothing is written.
   */
  storeToken(
    user: UserKey,
    token: UserToken,
    condition?: UserTokenCondition,
  ): Promise<string | undefined>

  /** Reads a session's tokens. `undefined` means that the session has none. */
  getToken(user: UserKey): Promise<StoredUserToken | undefined>

  /**
   * Forgets a session's tokens. Nothing stored is no error.
   *
   * @returns `false` if `ifVersion` is given and the store holds another version; then nothing is
   * cleared. `true` in every other case.
   */
  clearToken(user: UserKey, condition?: UserTokenCondition): Promise<boolean>

  /**
   * Takes a session's lock, so that one process at a time refreshes. Never waits.
   *
   * @param ttl - Seconds after which the lock frees itself, should its owner have died.
   * @returns `undefined` while somebody else has it.
   */
  lock?(user: UserKey, ttl: number): Promise<UserTokenLock | undefined>
}
