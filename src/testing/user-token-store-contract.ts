import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { UserTokenStore } from '../tokens/user-token-store.js'
import type { UserToken } from '../tokens/user-token.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'
import { read, someUser, userTokenStoreLocks } from './user-token-store-locks.js'

/**
 * Lists what every {@link UserTokenStore} must do, as cases for any test runner. The cases about the
 * lock pass a store without one.
 *
 * @param open - Opens the store for one case.
 */
export function userTokenStoreContract(open: OpenSubject<UserTokenStore>): readonly ContractCase[] {
  return contractCases(open, {
    ...userTokenStoreLocks,

    'has nothing for a session that never signed in': async ({ subject: store }) => {
      equal(await store.getToken(someUser()), undefined)
    },

    'gives back everything it was given, instants as Date': async ({ subject: store }) => {
      const user = someUser()
      const version = await store.storeToken(user, completeToken)
      deepEqual(await store.getToken(user), { token: completeToken, version })
    },

    'gives back a token about which little is known': async ({ subject: store }) => {
      const user = someUser()
      await store.storeToken(user, { accessToken: 'only this' })
      const { token } = await read(store, user)
      equal(token.accessToken, 'only this')
      equal(token.expiration, undefined)
      equal(token.refreshToken, undefined)
    },

    'keeps what it was given, whatever becomes of the object': async ({ subject: store }) => {
      const user = someUser()
      const token = { accessToken: 'first', accessTokens: { other: { accessToken: 'other' } } }
      await store.storeToken(user, token)
      token.accessToken = 'changed'
      token.accessTokens.other.accessToken = 'changed'
      const stored = await read(store, user)
      equal(stored.token.accessToken, 'first')
      equal(stored.token.accessTokens?.['other']?.accessToken, 'other')
    },

    'keeps sessions of one user apart': async ({ subject: store }) => {
      const [user, other] = [someUser(), { ...someUser(), subject: 'alice' }]
      await store.storeToken({ ...user, subject: 'alice' }, { accessToken: 'here' })
      await store.storeToken(other, { accessToken: 'there' })
      equal((await read(store, { ...user, subject: 'alice' })).token.accessToken, 'here')
      equal((await read(store, other)).token.accessToken, 'there')
    },

    'keeps users apart whose names run into their sessions': async ({ subject: store }) => {
      const id = randomUUID()
      const pairs = [
        ['a:b', `c${id}`],
        ['a', `b:c${id}`],
        ['a","b', `c${id}`],
        ['a', `b","c${id}`],
        ["O'Brien {x}", id],
        ['アリス', id],
      ] as const
      const users = pairs.map(([subject, sessionId]) => ({ subject, sessionId }))
      for (const [index, user] of users.entries()) {
        await store.storeToken(user, { accessToken: `token ${index}` })
      }
      for (const [index, user] of users.entries()) {
        equal((await read(store, user)).token.accessToken, `token ${index}`)
      }
    },

    'replaces a token, and with it the version': async ({ subject: store }) => {
      const user = someUser()
      const first = await store.storeToken(user, completeToken)
      const second = await store.storeToken(user, { accessToken: 'second' })
      notEqual(first, second)
      const stored = await read(store, user)
      equal(stored.version, second)
      equal(stored.token.refreshToken, undefined, 'the earlier refresh token is gone')
    },

    'writes over the version it was asked for': async ({ subject: store }) => {
      const user = someUser()
      const first = await store.storeToken(user, { accessToken: 'first' })
      const second = await store.storeToken(user, { accessToken: 'second' }, { ifVersion: first })
      ok(second !== undefined)
      deepEqual((await read(store, user)).version, second)
    },

    'does not write over another version': async ({ subject: store }) => {
      const user = someUser()
      const first = await store.storeToken(user, { accessToken: 'first' })
      const second = await store.storeToken(user, { accessToken: 'second' })
      equal(await store.storeToken(user, { accessToken: 'late' }, { ifVersion: first }), undefined)
      const stored = await read(store, user)
      equal(stored.token.accessToken, 'second')
      equal(stored.version, second)
    },

    'does not bring a cleared session back': async ({ subject: store }) => {
      const user = someUser()
      const version = await store.storeToken(user, { accessToken: 'first' })
      await store.clearToken(user)
      equal(
        await store.storeToken(user, { accessToken: 'late' }, { ifVersion: version }),
        undefined,
      )
      equal(await store.getToken(user), undefined)
    },

    'never uses a version again, not even after a new sign-in': async ({ subject: store }) => {
      const user = someUser()
      const version = await store.storeToken(user, { accessToken: 'first' })
      await store.clearToken(user)
      await store.storeToken(user, { accessToken: 'second' })
      equal(
        await store.storeToken(user, { accessToken: 'late' }, { ifVersion: version }),
        undefined,
      )
      equal((await read(store, user)).token.accessToken, 'second')
    },

    'lets one of many writers of the same version win': async ({ subject: store }) => {
      const user = someUser()
      const ifVersion = await store.storeToken(user, { accessToken: 'first' })
      const versions = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.storeToken(user, { accessToken: `writer ${index}` }, { ifVersion }),
        ),
      )
      const winners = versions.filter((version) => version !== undefined)
      equal(winners.length, 1)
      const stored = await read(store, user)
      equal(stored.version, winners[0])
      equal(stored.token.accessToken, `writer ${versions.indexOf(winners[0])}`)
    },

    'clears a session and no other': async ({ subject: store }) => {
      const [user, other] = [someUser(), someUser()]
      await store.storeToken(user, { accessToken: 'gone' })
      await store.storeToken(other, { accessToken: 'kept' })
      equal(await store.clearToken(user), true)
      equal(await store.getToken(user), undefined)
      equal((await read(store, other)).token.accessToken, 'kept')
    },

    'clears what is not there without complaint': async ({ subject: store }) => {
      equal(await store.clearToken(someUser()), true)
      equal(await store.clearToken(someUser(), { ifVersion: randomUUID() }), true)
    },

    'clears the version it was asked for and no other': async ({ subject: store }) => {
      const user = someUser()
      const first = await store.storeToken(user, { accessToken: 'first' })
      const second = await store.storeToken(user, { accessToken: 'second' })
      equal(await store.clearToken(user, { ifVersion: first }), false)
      equal((await read(store, user)).token.accessToken, 'second')
      equal(await store.clearToken(user, { ifVersion: second }), true)
      equal(await store.getToken(user), undefined)
    },
  })
}

const completeToken: UserToken = {
  accessToken: 'the access token',
  accessTokenType: 'Bearer',
  expiration: new Date(1_900_000_000_123),
  issuedAt: new Date(1_899_999_999_456),
  scope: 'openid orders.read',
  refreshToken: 'the refresh token, with \' " \\ ü \u2028',
  idToken: 'the ID token',
  accessTokens: {
    '["orders.write","api://orders"]': {
      accessToken: 'another access token',
      accessTokenType: 'Bearer',
      expiration: new Date(1_900_000_000_789),
      issuedAt: new Date(1_899_999_999_012),
      scope: 'orders.write',
    },
  },
}
