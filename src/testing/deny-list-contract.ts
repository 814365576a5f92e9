import { equal } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { DenyList } from '../core/deny-list.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'

/**
 * Lists what every {@link DenyList} must do, as cases for any test runner.
 *
 * @param open - Opens the list for one case.
 */
export function denyListContract(open: OpenSubject<DenyList>): readonly ContractCase[] {
  return contractCases(open, {
    'lets unknown tokens pass': async ({ subject: list }) => {
      equal(await list.isDenied({}), false)
      const [jti, sid, sub] = [randomUUID(), randomUUID(), randomUUID()]
      equal(await list.isDenied({ jti, sid, sub, iat: 1 }), false)
    },

    'denies a token by its jti': async ({ subject: list }) => {
      const jti = randomUUID()
      await list.deny({ kind: 'jti', id: jti, lifetime: 60 })
      equal(await list.isDenied({ jti, sid: 's', sub: 'u', iat: 1 }), true)
      equal(await list.isDenied({ jti: randomUUID() }), false)
    },

    'denies all tokens of a session by its sid': async ({ subject: list }) => {
      const sid = randomUUID()
      await list.deny({ kind: 'sid', id: sid, lifetime: 60 })
      equal(await list.isDenied({ jti: randomUUID(), sid }), true)
      equal(await list.isDenied({ sid }), true)
    },

    'denies the older tokens of a subject and no newer ones': async ({ subject: list }) => {
      const sub = `O'Brien: ${randomUUID()}`
      await list.deny({ kind: 'sub', id: sub, lifetime: 60, notBefore: 1_700_000_000 })
      equal(await list.isDenied({ sub, iat: 1_699_999_999 }), true)
      equal(await list.isDenied({ sub, iat: 1_700_000_000 }), false)
      equal(await list.isDenied({ sub }), true)
    },

    'denies by names of any length': async ({ subject: list }) => {
      const [id, other] = [longName(), longName()]
      await list.deny({ kind: 'sid', id, lifetime: 60 })
      await list.deny({ kind: 'sub', id, lifetime: 60, notBefore: 100 })
      equal(await list.isDenied({ sid: id }), true)
      equal(await list.isDenied({ sub: id, iat: 99 }), true)
      equal(await list.isDenied({ sid: other, sub: other, iat: 99 }), false)
      equal(await list.isDenied({ sid: `${id}x` }), false)
    },

    'keeps the kinds apart': async ({ subject: list }) => {
      const id = randomUUID()
      await list.deny({ kind: 'jti', id, lifetime: 60 })
      equal(await list.isDenied({ sid: id, sub: id, iat: 1 }), false)
      await list.deny({ kind: 'sid', id, lifetime: 60 })
      equal(await list.isDenied({ sub: id, iat: 1 }), false)
    },

    'forgets an entry after its lifetime': async ({ subject: list, passTime }) => {
      const [jti, sub] = [randomUUID(), randomUUID()]
      await list.deny({ kind: 'jti', id: jti, lifetime: 2 })
      await list.deny({ kind: 'sub', id: sub, lifetime: 2, notBefore: 100 })
      equal(await list.isDenied({ jti }), true)
      equal(await list.isDenied({ sub, iat: 99 }), true)
      await passTime(3)
      equal(await list.isDenied({ jti }), false)
      equal(await list.isDenied({ sub, iat: 99 }), false)
    },

    'never lets a token back in because of a second entry': async ({ subject: list, passTime }) => {
      const [jti, sub] = [randomUUID(), randomUUID()]
      await list.deny({ kind: 'jti', id: jti, lifetime: 9 })
      await list.deny({ kind: 'jti', id: jti, lifetime: 1 })
      await list.deny({ kind: 'sub', id: sub, lifetime: 9, notBefore: 200 })
      await list.deny({ kind: 'sub', id: sub, lifetime: 1, notBefore: 100 })
      await passTime(3)
      equal(await list.isDenied({ jti }), true)
      equal(await list.isDenied({ sub, iat: 199 }), true)
    },

    'takes the longer lifetime and the later instant of two entries': async ({
      subject: list,
      passTime,
    }) => {
      const [sid, sub] = [randomUUID(), randomUUID()]
      await list.deny({ kind: 'sid', id: sid, lifetime: 1 })
      await list.deny({ kind: 'sid', id: sid, lifetime: 9 })
      await list.deny({ kind: 'sub', id: sub, lifetime: 1, notBefore: 100 })
      await list.deny({ kind: 'sub', id: sub, lifetime: 9, notBefore: 200 })
      await passTime(3)
      equal(await list.isDenied({ sid }), true)
      equal(await list.isDenied({ sub, iat: 199 }), true)
    },
  })
}

function longName(): string {
  return Array.from({ length: 100 }, () => randomUUID()).join('')
}
