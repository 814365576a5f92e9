import { ConfigurationError } from '../core/errors.js'
import { SymmetricKey } from '../core/keys/symmetric-key.js'
import { checkMethods, kindOf, readSeconds } from '../core/option-checks.js'
import { createKeyRing } from './create-key-ring.js'
import type { DenyList } from '../core/deny-list.js'
import type { KeyRing } from './key-ring.js'
import { createMemoryRefreshStore } from './memory-refresh-store.js'
import type { RefreshStore } from './refresh-store.js'
import { secretKeyRing } from './secret-key-ring.js'

/** Reads the signing keys: a ring, a shared secret, or nothing for a ring in memory. */
export function readKeys(keys: KeyRing | SymmetricKey | undefined, clock: () => number): KeyRing {
  if (keys === undefined) return createKeyRing({ clock })
  if (keys instanceof SymmetricKey) return secretKeyRing(keys)
  if (typeof (keys as unknown) !== 'object' || (keys as KeyRing | null) === null) {
    throw new ConfigurationError(
      `"keys" must be a key ring or symmetricKey(secret), got ${kindOf(keys)}`,
    )
  }
  checkMethods(keys, 'keys', ['signer', 'jwks', 'verifiers', 'rotate'])
  return keys
}

/** Reads the store of sessions; nothing means one in memory. */
export function readStore(store: RefreshStore | undefined, clock: () => number): RefreshStore {
  if (store === undefined) return createMemoryRefreshStore({ clock })
  checkMethods(store, 'store', [
    ...(['create', 'find', 'rotate'] as const),
    ...(['revokeFamily', 'revokeSubject', 'list', 'prune'] as const),
  ])
  return store
}

/** Reads the deny list, which may be absent. */
export function readDenyList(denyList: DenyList | undefined): DenyList | undefined {
  if (denyList !== undefined) checkMethods(denyList, 'denyList', ['deny', 'isDenied'])
  return denyList
}

/** Reads a lifetime. RFC 7519 counts whole seconds, so a token that lives for less would be born dead. */
export function readLifetime(value: unknown, name: string, fallback: number, most: number): number {
  const seconds = readSeconds(value, name, fallback, most)
  if (seconds >= 1) return seconds
  throw new ConfigurationError(`"${name}" must be at least 1 second, got ${seconds}`)
}

/** Reads the time for which a spent refresh token is answered; a longer one would hide a thief. */
export function readWindow(value: unknown, name: string, fallback: number): number {
  if (typeof value !== 'number' || value <= 60) return readSeconds(value, name, fallback, 60)
  throw new ConfigurationError(`"${name}" must be 60 seconds at most, got ${value}`)
}

/** Reads a share of a whole, which the whole itself is not. */
export function readShare(value: unknown, name: string, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new ConfigurationError(`"${name}" must be a share from 0 up to 1, got ${kindOf(value)}`)
  }
  if (value < 1) return value
  throw new ConfigurationError(`"${name}" must be less than 1, got ${value}`)
}
