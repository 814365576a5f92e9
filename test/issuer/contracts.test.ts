import {
  createMemoryDenyList,
  createMemoryKeyRingStore,
  createMemoryRefreshStore,
} from 'express-jwt-bearer/issuer'
import {
  denyListContract,
  keyRingStoreContract,
  refreshStoreContract,
  replayCacheContract,
  type ContractCase,
} from 'express-jwt-bearer/testing'
import { describe, expect, test, vi } from 'vitest'

function timed<T>(make: (clock: () => number) => T) {
  let now = Date.now()
  return {
    subject: make(() => now),
    passTime: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

function runs(cases: readonly ContractCase[]) {
  for (const { name, run } of cases) test(name, run)
}

describe('createMemoryRefreshStore', () => {
  runs(refreshStoreContract(() => timed((clock) => createMemoryRefreshStore({ clock }))))
})

describe('createMemoryDenyList', () => {
  runs(denyListContract(() => timed((clock) => createMemoryDenyList({ clock }))))
})

describe('createMemoryKeyRingStore', () => {
  runs(keyRingStoreContract(() => ({ subject: createMemoryKeyRingStore() })))
})

function replayCache(clock: () => number) {
  const keys = new Map<string, number>()
  return {
    addIfAbsent(key: string, expiresAt: Date) {
      if (clock() < (keys.get(key) ?? 0)) return false
      keys.set(key, expiresAt.getTime())
      return true
    },
  }
}

describe('a replay cache of a few lines', () => {
  runs(replayCacheContract(() => timed(replayCache)))
})

// A kit that finds nothing wrong proves nothing: each row is a fault that some store really had.
describe('refreshStoreContract', () => {
  test.each([
    ['that rotates twice', { rotate: () => Promise.resolve(true) }],
    ['that never rotates', { rotate: () => Promise.resolve(false) }],
    ['that finds nothing', { find: () => Promise.resolve(undefined) }],
    ['that forgets revocations', { revokeFamily: () => Promise.resolve(true) }],
    ['that forgets sign-outs', { revokeSubject: () => Promise.resolve([]) }],
    ['that lists nothing', { list: () => Promise.resolve([]) }],
    ['that never prunes', { prune: () => Promise.resolve(0) }],
  ])('refuses a store %s', async (_fault, broken) => {
    const cases = refreshStoreContract(() =>
      timed((clock) => ({ ...createMemoryRefreshStore({ clock }), ...broken })),
    )
    const outcomes = await Promise.allSettled(cases.map(({ run }) => run()))
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
  })

  test('closes what it opened, also when a case fails', async () => {
    const close = vi.fn()
    const broken = { ...createMemoryRefreshStore(), find: () => Promise.resolve(undefined) }
    const [first] = refreshStoreContract(() => ({
      subject: broken,
      passTime: () => undefined,
      close,
    }))
    await expect(first?.run()).rejects.toThrow('find() does not find')
    expect(close).toHaveBeenCalledOnce()
  })
})
