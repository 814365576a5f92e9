import type { KeyRingState, KeyRingStore } from './key-ring-store.js'
import { warnInProduction } from './warn-in-production.js'

/** Keeps a key ring in the memory of this process: a restart makes every access token unknown. */
export function createMemoryKeyRingStore(): KeyRingStore {
  warnInProduction('The key ring', 'its tokens are refused after a restart and by other processes')
  let current: KeyRingState | undefined
  return {
    load: () => Promise.resolve(structuredClone(current)),
    save(state) {
      if (state.version !== (current?.version ?? 0) + 1) return Promise.resolve(false)
      current = structuredClone(state)
      return Promise.resolve(true)
    },
  }
}
