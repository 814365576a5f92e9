import { memorySessionStore } from 'express-jwt-bearer/session'
import { sessionStoreContract } from 'express-jwt-bearer/testing'
import { describe, test } from 'vitest'

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
