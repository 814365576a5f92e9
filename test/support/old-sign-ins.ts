import { expect } from 'vitest'
import type { EndableSessionStore, SessionRecord } from '../../src/session/session-store.js'

/** Holds a store to ending sign-ins that were kept before sign-ins had an instant: they count as opened long ago. */
export async function expectOldSignInsToEnd(store: EndableSessionStore): Promise<void> {
  const expiresAt = new Date(Date.now() + 10_000_000)
  const old = { version: '1', expiresAt, data: 'a', sid: 'old', sub: 'carol' }
  const ends = [
    () => store.endBySid('old', new Date(1)),
    () => store.endBySub('carol', new Date(1)),
  ]
  for (const end of ends) {
    await store.set('old', old as unknown as SessionRecord)
    expect(await store.get('old')).toEqual(old)
    expect(await end()).toBe(1)
    expect(await store.get('old')).toBeUndefined()
  }
}
