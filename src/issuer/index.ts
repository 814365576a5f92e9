/**
 * Issues access tokens with rotating refresh tokens and revocation.
 *
 * @packageDocumentation
 */

export { createTokenIssuer, type TokenIssuer } from './token-issuer.js'
export type { TokenIssuerOptions } from './options.js'
export type { SessionOptions } from './issue-session.js'
export type { IssuedTokens, RefreshOptions, RefreshResult } from './refresh-session.js'
export type { IssuerRoutes } from './routes.js'

export { createKeyRing } from './create-key-ring.js'
export type { KeyRingOptions } from './key-ring-options.js'
export type { KeyRing, TokenSigner } from './key-ring.js'

export { checkRevocation, notRevoked, type RevocationCheckOptions } from './check-revocation.js'
export type { IssuerEvent, RefreshEvent, RevocationEvent } from './events.js'

export { decideRotation, type RotationDecision, type RotationPolicy } from './decide-rotation.js'

export { createMemoryRefreshStore, type MemoryRefreshStoreOptions } from './memory-refresh-store.js'
export { createMemoryDenyList, type MemoryDenyListOptions } from './memory-deny-list.js'
export { createMemoryKeyRingStore } from './memory-key-ring-store.js'
export type {
  NewRefreshFamily,
  NewRefreshToken,
  RefreshFamily,
  RefreshRecord,
  RefreshStore,
  RefreshSuccessor,
  RefreshTokenReference,
} from './refresh-store.js'
export type { DenyEntry, DenyKind, DenyList, DenyQuery } from '../core/deny-list.js'
export type { KeyRingState, KeyRingStore, StoredKey } from './key-ring-store.js'
