import {
  createMemoryUserTokenStore,
  TokenRequestError,
  type TokenEndpointResponse,
  type UserTokenStore,
} from 'express-jwt-bearer/tokens'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { alice, createBench, createScriptedClient, outcome } from './scripted-client.js'

afterEach(() => {
  vi.useRealTimers()
})

/** A session whose refresh is under way, until it is let go. */
async function refreshing(store: UserTokenStore, over: Partial<TokenEndpointResponse> = {}) {
  const bench = createBench({ store })
  await bench.manager.storeTokens(alice, bench.script.answer())
  bench.pass(600)
  let letGo = (): void => undefined
  const hold = new Promise<void>((resolve) => (letGo = resolve))
  bench.script.next.push(async () => {
    await hold
    return bench.script.answer(over)
  })
  const asked = bench.manager.getAccessToken(alice)
  await vi.waitFor(() => {
    expect(bench.script.requests).toHaveLength(1)
  })
  return { ...bench, asked, letGo }
}

describe('signing out while a refresh is running', () => {
  test('revokes what the refresh brings afterwards', async () => {
    const store = createMemoryUserTokenStore()
    const { manager, script, asked, letGo } = await refreshing(store)
    await manager.signOut(alice)
    letGo()
    expect(outcome(await asked)).toBe('no_session')
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
    expect(await store.getToken(alice)).toBeUndefined()
  })

  test('revokes it although somebody has signed in again under the same key', async () => {
    const store = createMemoryUserTokenStore()
    const { manager, script, asked, letGo } = await refreshing(store)
    await manager.signOut(alice)
    await manager.storeTokens(alice, { access_token: 'new', refresh_token: 'new' })
    letGo()
    expect(outcome(await asked)).toBe('new')
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
    expect(outcome(await manager.getAccessToken(alice))).toBe('new')
  })

  test('revokes what was written between its read and its clearing', async () => {
    const memory = createMemoryUserTokenStore()
    let isReading = false
    let goOn = (): void => undefined
    const store: UserTokenStore = {
      ...memory,
      async getToken(user) {
        const stored = await memory.getToken(user)
        if (isReading) {
          isReading = false
          await new Promise<void>((resolve) => (goOn = resolve))
        }
        return stored
      },
    }
    const { manager, script, asked, letGo } = await refreshing(store)
    isReading = true
    const leaving = manager.signOut(alice)
    await vi.waitFor(() => {
      expect(isReading).toBe(false)
    })
    letGo()
    expect(outcome(await asked)).toBe('access-2')
    goOn()
    await leaving
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
    expect(await memory.getToken(alice)).toBeUndefined()
  })

  test.each([
    ['before the sign-out', 0],
    ['after it', 1],
  ])('revokes what could not be written and was given up %s', async (_when, order) => {
    const memory = createMemoryUserTokenStore()
    let writesFail = true
    const store: UserTokenStore = {
      ...memory,
      storeToken: (user, token, condition) =>
        writesFail && condition
          ? Promise.reject(new Error('away'))
          : memory.storeToken(user, token, condition),
    }
    const { manager, script, asked, letGo } = await refreshing(store)
    if (order === 1) await manager.signOut(alice)
    letGo()
    expect(outcome(await asked)).toBe(order === 0 ? 'access-2' : 'no_session')
    if (order === 0) await manager.signOut(alice)
    writesFail = false
    await vi.waitFor(() => {
      expect(new Set(script.revoked)).toContain('refresh-2')
    }, 3000)
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
    expect(await memory.getToken(alice)).toBeUndefined()
  })

  test('in another process revokes what waits in the memory of this one', async () => {
    const memory = createMemoryUserTokenStore()
    let isAway = false
    const store: UserTokenStore = {
      ...memory,
      storeToken: (...all) =>
        isAway ? Promise.reject(new Error('away')) : memory.storeToken(...all),
    }
    const { manager, another, script, asked, letGo } = await refreshing(store)
    isAway = true
    letGo()
    expect(outcome(await asked)).toBe('access-2')
    await another().signOut(alice)
    expect(script.revoked).toEqual(['refresh-1'])
    isAway = false
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
  })

  test('revokes a refresh token once that no refresh replaces', async () => {
    const store = createMemoryUserTokenStore()
    const { manager, script, asked, letGo } = await refreshing(store, { refresh_token: undefined })
    letGo()
    await asked
    await manager.signOut(alice)
    expect(script.revoked).toEqual(['refresh-1'])
  })

  test('revokes what a client brings that does not keep to its limit', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const store = createMemoryUserTokenStore()
    const { manager, script, asked, letGo } = await refreshing(store)
    await vi.advanceTimersByTimeAsync(2000)
    expect(outcome(await asked)).toBe('refresh_unavailable')
    await manager.signOut(alice)
    letGo()
    await vi.advanceTimersByTimeAsync(1)
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
  })
})

describe('a client that does not keep to its limit', () => {
  test('holds up nobody, and what it brings late is used', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const store = createMemoryUserTokenStore()
    const { manager, asked, letGo, pass, script } = await refreshing(store)
    await vi.advanceTimersByTimeAsync(2000)
    expect(outcome(await asked)).toBe('refresh_unavailable')
    letGo()
    await vi.advanceTimersByTimeAsync(1)
    pass(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })

  test('and brings nothing of use in the end, disturbs nobody', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const store = createMemoryUserTokenStore()
    const { asked, letGo } = await refreshing(store, { access_token: '' })
    await vi.advanceTimersByTimeAsync(2000)
    await asked
    letGo()
    await vi.advanceTimersByTimeAsync(1)
    expect((await store.getToken(alice))?.token.accessToken).toBe('access-1')
  })

  test('holds up a sign-out for three seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { client, script } = createScriptedClient()
    const { manager, events } = createBench({ client: { ...client, timeout: 30 } })
    await manager.storeTokens(alice, script.answer())
    script.revoke = () => new Promise(() => undefined)
    const leaving = manager.signOut(alice)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await leaving).toEqual({ idToken: undefined })
    await vi.advanceTimersByTimeAsync(28_000)
    expect(events.map(({ kind }) => kind)).toEqual(['sessionEnded', 'revocationFailed'])
  })

  test('holds up no sign-out either, whatever it throws', async () => {
    const { manager, script, events } = createBench()
    await manager.storeTokens(alice, script.answer())
    script.revoke = () => {
      throw new TypeError('a bug in the client')
    }
    await manager.signOut(alice)
    expect(events.map(({ kind }) => kind)).toEqual(['sessionEnded', 'revocationFailed'])
  })
})

describe('signing out while the store fails', () => {
  test('revokes nothing when the tokens are still there', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const memory = createMemoryUserTokenStore()
    const clearToken = () => Promise.reject(new Error('away'))
    const { manager, script } = createBench({ store: { ...memory, clearToken } })
    await manager.storeTokens(alice, script.answer())
    await expect(manager.signOut(alice)).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(script.revoked).toEqual([])
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
  })

  test('revokes them when only the answer was lost', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const memory = createMemoryUserTokenStore()
    let isAway = false
    const store: UserTokenStore = {
      ...memory,
      getToken: (user) => (isAway ? Promise.reject(new Error('away')) : memory.getToken(user)),
      async clearToken(...all) {
        await memory.clearToken(...all)
        isAway = true
        throw new Error('ECONNRESET')
      },
    }
    const { manager, script } = createBench({ store })
    await manager.storeTokens(alice, script.answer())
    await expect(manager.signOut(alice)).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.advanceTimersByTimeAsync(5000)
    expect(script.revoked).toEqual([])
    isAway = false
    await vi.advanceTimersByTimeAsync(5000)
    expect(script.revoked).toEqual(['refresh-1'])
  })

  test('gives up a store that lets nothing be cleared by its version', async () => {
    const memory = createMemoryUserTokenStore()
    const store: UserTokenStore = {
      ...memory,
      clearToken: (user, condition = {}) =>
        condition.ifVersion === undefined ? memory.clearToken(user) : Promise.resolve(false),
    }
    const { manager, script } = createBench({ store })
    await manager.storeTokens(alice, script.answer())
    await manager.signOut(alice)
    expect(await memory.getToken(alice)).toBeUndefined()
    expect(script.revoked).toEqual(['refresh-1'])
  })
})

test('a handler that fails later ends no process', async () => {
  const onUnhandled = vi.fn()
  process.on('unhandledRejection', onUnhandled)
  const failing = async () => {
    await Promise.resolve()
    throw new Error('a bug in the handler')
  }
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what many will write
  const { manager, script } = createBench({ onEvent: failing })
  await manager.storeTokens(alice, script.answer())
  script.next.push(() => {
    throw new TokenRequestError({ status: 503 })
  })
  await manager.getAccessToken(alice, { forceRenewal: true })
  await new Promise(setImmediate)
  expect(onUnhandled).not.toHaveBeenCalled()
  process.off('unhandledRejection', onUnhandled)
})
