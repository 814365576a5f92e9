/**
 * Issues access tokens with rotating refresh tokens and revocation.
 *
 * @packageDocumentation
 */
export type {
  NewRefreshFamily,
  NewRefreshToken,
  RefreshFamily,
  RefreshRecord,
  RefreshStore,
  RefreshSuccessor,
  RefreshTokenReference,
} from './refresh-store.js'
export type { DenyEntry, DenyKind, DenyList, DenyQuery } from './deny-list.js'
export type { KeyRingState, KeyRingStore, StoredKey } from './key-ring-store.js'
