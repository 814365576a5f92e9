import type { JWK } from 'jose'

/** A signing key as it is stored. The states of its life follow from the instants. */
export interface StoredKey {
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string
  readonly algorithm: string
  /** The private (or shared) key. A store should keep it encrypted or behind tight access rights. */
  readonly jwk: JWK
  /** From when the key may sign, in milliseconds since the epoch. It is published before. */
  readonly signsFrom: number
  /** Until when the key signs; a later key takes over before that. Milliseconds since the epoch. */
  readonly signsUntil: number
  /** Until when the key is published, so that tokens it signed verify. Milliseconds since the epoch. */
  readonly publishedUntil: number
}

/** All keys of a ring at one moment; JSON. */
export interface KeyRingState {
  /** Grows by one with every change. */
  readonly version: number
  readonly keys: readonly StoredKey[]
}

/**
 * Shares one key ring among processes.
 *
 * @remarks
 * What is stored are private keys: whoever reads them can mint any token. Encryption at rest and
 * access rights are the store's business.
 *
 * `keyRingStoreContract` of `express-jwt-bearer/testing` proves an implementation.
 */
export interface KeyRingStore {
  /** Reads the ring as last saved, or `undefined` when there is none yet. */
  load(): Promise<KeyRingState | undefined>

  /**
   * Replaces the ring in one atomic step, if the stored version is exactly one less than the given
   * one (no ring at all counts as version 0).
   *
   * @returns Whether it was replaced. `false` means that somebody else was first.
   */
  save(state: KeyRingState): Promise<boolean>
}
