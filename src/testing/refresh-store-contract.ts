import type { RefreshStore } from '../issuer/refresh-store.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'
import { revocationProofs } from './refresh-store-revocation.js'
import { rotationProofs } from './refresh-store-rotation.js'

/**
 * Lists what every {@link RefreshStore} must do, as cases for any test runner.
 *
 * @param open - Opens the store for one case.
 *
 * @example With Vitest or node:test
 * ```ts
 * let now = Date.now()
 * const cases = refreshStoreContract(() => ({
 *   subject: createMemoryRefreshStore({ clock: () => now }),
 *   passTime: (seconds) => void (now += seconds * 1000),
 * }))
 * for (const { name, run } of cases) test(name, run)
 * ```
 */
export function refreshStoreContract(open: OpenSubject<RefreshStore>): readonly ContractCase[] {
  return contractCases(open, { ...rotationProofs, ...revocationProofs })
}
