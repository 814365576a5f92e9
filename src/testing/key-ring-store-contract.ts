import { deepEqual, equal } from 'node:assert/strict'
import type { KeyRingState, KeyRingStore } from '../issuer/key-ring-store.js'
import {
  contractCases,
  type ContractCase,
  type OpenSubject,
  type OpenTimelessSubject,
} from './contract.js'

const stateOf = (version: number, ...kids: string[]): KeyRingState => ({
  version,
  keys: kids.map((kid) => ({
    kid,
    algorithm: 'ES256',
    jwk: { kty: 'EC', crv: 'P-256', x: 'x-value', y: 'y-value', d: 'd-value' },
    signsFrom: 1_700_000_000_001,
    signsUntil: 1_700_000_000_002,
    publishedUntil: 1_700_000_000_003,
  })),
})

/**
 * Lists what every {@link KeyRingStore} must do, as cases for any test runner.
 *
 * @param open - Opens an empty store for one case.
 */
export function keyRingStoreContract(
  open: OpenTimelessSubject<KeyRingStore>,
): readonly ContractCase[] {
  // No case lets time pass.
  return contractCases(open as OpenSubject<KeyRingStore>, {
    'starts empty': async ({ subject: store }) => {
      equal(await store.load(), undefined)
    },

    'returns a ring as it was saved': async ({ subject: store }) => {
      equal(await store.save(stateOf(1, 'a', 'b')), true)
      deepEqual(await store.load(), stateOf(1, 'a', 'b'))
      equal(await store.save(stateOf(2, 'b')), true)
      deepEqual(await store.load(), stateOf(2, 'b'))
    },

    'refuses a ring that does not follow the stored one': async ({ subject: store }) => {
      equal(await store.save(stateOf(2, 'early')), false)
      equal(await store.load(), undefined)
      await store.save(stateOf(1, 'a'))
      equal(await store.save(stateOf(1, 'again')), false)
      equal(await store.save(stateOf(3, 'ahead')), false)
      deepEqual(await store.load(), stateOf(1, 'a'))
    },

    'lets one of several concurrent savers win': async ({ subject: store }) => {
      for (const version of [1, 2]) {
        const kids = Array.from({ length: 16 }, (_, index) => `${version}-${index}`)
        const saved = await Promise.all(kids.map((kid) => store.save(stateOf(version, kid))))
        equal(saved.filter(Boolean).length, 1)
        deepEqual(await store.load(), stateOf(version, kids[saved.indexOf(true)] as string))
      }
    },
  })
}
