import { memorySessionStore, type SessionStore } from 'express-jwt-bearer/session'
import { sessionStoreContract } from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'

describe('memorySessionStore', () => {
  const cases = sessionStoreContract(() => {
    let ahead = 0
    return {
      subject: memorySessionStore({ clock: () => Date.now() + ahead }),
      passTime: (seconds) => {
        ahead += seconds * 1000
      },
    }
  })
  test.each(cases.map((contract) => [contract.name, contract] as const))('%s', (_name, contract) =>
    contract.run(),
  )
})

test('a store that cannot end sessions from outside has nothing to prove of that', async () => {
  const cases = sessionStoreContract(() => {
    const subject: Partial<SessionStore> = memorySessionStore()
    delete subject.endBySid
    delete subject.endBySub
    return { subject: subject as SessionStore, passTime: () => undefined }
  })
  const endings = cases.filter(({ name }) => /\b(?:sid|sub)\b/.test(name))
  expect(endings.length).toBeGreaterThan(10)
  for (const contract of endings) await contract.run()
})
