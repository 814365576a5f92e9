import { inspect } from 'node:util'
import {
  createMemoryUserTokenStore,
  type UserToken,
  type UserTokenStore,
} from 'express-jwt-bearer/tokens'
import { describe, expect, test } from 'vitest'
import { alice, createBench, outcome } from './scripted-client.js'

const never = undefined
const at = (seconds: number) => new Date(Date.parse('2030-01-01T00:00:00Z') + seconds * 1000)

describe('expires_in', () => {
  test.each<[what: string, value: unknown, expiration: Date | undefined]>([
    ['the shortest lifetime', 0.001, at(0.001)],
    ['a second', 1, at(1)],
    ['the longest that a Date holds', 8.64e12 - at(0).getTime() / 1000, new Date(8.64e15)],
    ['a second more than that', 8.64e12 - at(0).getTime() / 1000 + 1, never],
    ['more than any Date holds', 1e300, never],
    ['no end', Infinity, never],
    ['no number', NaN, never],
    ['zero', 0, never],
    ['less than zero', -1, never],
    ['text', '3600', never],
    ['other text', 'soon', never],
    ['null', null, never],
    ['nothing', undefined, never],
    ['an object', {}, never],
    ['a list', [3600], never],
    ['a big integer', 3600n, never],
  ])('is survived: %s', async (_what, value, expiration) => {
    const expires_in = value as number
    const { manager, script, store, pass } = createBench()
    await manager.storeTokens(alice, script.answer({ expires_in }))
    expect(await manager.getAccessToken(alice)).toMatchObject({ kind: 'success', expiration })
    script.next.push(() => script.answer({ expires_in }))
    const renewed = await manager.getAccessToken(alice, { forceRenewal: true })
    expect(renewed).toMatchObject({ kind: 'success', expiration })
    script.next.push(() => script.answer({ expires_in }))
    const scoped = await manager.getAccessToken(alice, { scope: 'a' })
    expect(scoped).toMatchObject({ kind: 'success', expiration })
    expect(inspect(scoped)).toContain('expiration')
    expect(JSON.stringify(scoped)).toContain('success')
    script.next.push(() => script.answer({ expires_in }))
    expect(await manager.getClientAccessToken()).toMatchObject({ kind: 'success', expiration })
    pass(0.0005)
    const again = [{}, { scope: 'a' }, { scope: 'b' }].map((q) => manager.getAccessToken(alice, q))
    for (const result of await Promise.all(again)) expect(result.kind).toBe('success')
    expect((await store.getToken(alice))?.token.refreshToken).toBeDefined()
    await manager.signOut(alice)
  })
})

describe('what a store gives', () => {
  const holding = (token: unknown): UserTokenStore => ({
    ...createMemoryUserTokenStore(),
    getToken: () => Promise.resolve({ token: token as UserToken, version: 'v' }),
  })
  const good = { accessToken: 'stored', refreshToken: 'r' }

  test.each<[what: string, token: unknown, expected: string]>([
    ['an instant that is none', { ...good, expiration: new Date(NaN) }, 'stored'],
    ['an instant as text', { ...good, expiration: 'tomorrow', issuedAt: 'today' }, 'stored'],
    ['an instant as a number', { ...good, expiration: 17, issuedAt: 17 }, 'stored'],
    ['instants of null', { ...good, expiration: null, issuedAt: null, scope: null }, 'stored'],
    ['a lifetime of less than nothing', { ...good, issuedAt: at(9), expiration: at(8) }, 'stored'],
    ['no list of other tokens', { ...good, accessTokens: null }, 'stored'],
    ['text in place of that list', { ...good, accessTokens: 'abc' }, 'stored'],
    ['other tokens that are none', { ...good, accessTokens: { '["a",null]': null } }, 'stored'],
    ['a refresh token that is none', { accessToken: 'stored', refreshToken: 7 }, 'stored'],
    ['no access token', { refreshToken: 'r' }, 'no_session'],
    ['an empty access token', { accessToken: '' }, 'no_session'],
    ['null', null, 'no_session'],
    ['text', 'stored', 'no_session'],
  ])('makes no call throw: %s', async (_what, token, expected) => {
    const { manager } = createBench({ store: holding(token) })
    const result = await manager.getAccessToken(alice)
    expect(outcome(result)).toBe(expected)
    expect(inspect(result)).not.toContain('stored')
    await manager.getAccessToken(alice, { scope: 'a' })
    await manager.getAccessToken(alice, { forceRenewal: true })
    const { idToken } = await manager.signOut(alice)
    expect(idToken).toBeUndefined()
  })

  test('and cannot be read at all is cleared by a sign-out', async () => {
    const { parseUserToken } = await import('express-jwt-bearer/tokens')
    const memory = createMemoryUserTokenStore()
    let text = '{"accessToken":'
    const store: UserTokenStore = {
      ...memory,
      getToken: () =>
        Promise.resolve(text).then((broken) =>
          broken === '' ? undefined : { token: parseUserToken(broken), version: 'v' },
        ),
      clearToken: () => {
        text = ''
        return Promise.resolve(true)
      },
    }
    const { manager } = createBench({ store })
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
    await manager.signOut(alice)
    expect(text).toBe('')
  })
})

describe('storeTokens()', () => {
  test.each<[what: string, tokens: unknown]>([
    ['no access token', {}],
    ['an empty one', { access_token: '' }],
    ['one that is no text', { access_token: 7 }],
    ['nothing at all', undefined],
  ])('refuses a sign-in with %s', async (_what, tokens) => {
    const { manager, store } = createBench()
    await expect(manager.storeTokens(alice, tokens as never)).rejects.toThrow(TypeError)
    expect(await store.getToken(alice)).toBeUndefined()
  })
})
