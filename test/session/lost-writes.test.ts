import request from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memorySessionStore, type SessionRecord } from 'express-jwt-bearer/session'
import { createOutcomes } from '../../src/session/outcomes.js'
import { recordOf } from '../../src/session/session-data.js'
import { expired, fakeTimers, get, strictIssuer } from '../support/expiring-session.js'
import { accessToken } from '../support/session-app.js'

afterEach(() => {
  vi.useRealTimers()
})

type Store = ReturnType<typeof memorySessionStore>

/** Lets writes of renewed tokens fail, before or after they are done, and claims through. */
function failWrites(store: Store, fails: number | (() => boolean), when = 'before') {
  const replace = store.replace.bind(store)
  let left = typeof fails === 'number' ? fails : 0
  const isDown = typeof fails === 'number' ? () => left-- > 0 : fails
  return vi.spyOn(store, 'replace').mockImplementation(async (key, version, record) => {
    const isClaim = record.data.includes('claimedUntil')
    if (isClaim || !isDown()) return replace(key, version, record)
    if (when === 'after') await replace(key, version, record)
    throw new Error('the connection was lost')
  })
}

describe('tokens that a refresh brought', () => {
  test.each([
    ['one write fails', 1, 'before'],
    ['the answer to one write is lost', 1, 'after'],
    ['several writes fail', 3, 'before'],
  ] as const)('are used and written again when %s', async (_what, times, when) => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie, another, move } = await expired({ store, refresh })
    const replace = failWrites(store, times, when)
    await get(app, cookie).expect(200)
    await get(app, cookie).expect(200)
    await vi.waitFor(
      () => {
        expect(replace.mock.calls.length).toBeGreaterThan(when === 'after' ? 2 : times + 1)
      },
      { timeout: 5000 },
    )
    // In the store by now, where every other process finds them.
    await get(another(), cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
    move(600)
    await get(app, cookie).expect(200)
    expect(refresh.mock.calls.map(([token]) => token)).toEqual(['refresh-0', 'refresh-1'])
  })

  test('serve for as long as they are good while nothing can be written', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie, move } = await expired({ store, refresh })
    let isDown = true
    failWrites(store, () => isDown)
    await get(app, cookie).expect(200)
    // Due, and nobody can claim it: the token is good all the same.
    move(550)
    await get(app, cookie).expect(200)
    move(50)
    await get(app, cookie).expect(503)
    expect(refresh).toHaveBeenCalledOnce()
    isDown = false
    await get(app, cookie).expect(200)
    expect(refresh.mock.calls.map(([token]) => token)).toEqual(['refresh-0', 'refresh-1'])
  })

  test('are revoked when the user signs out before they are written', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const logout = vi.fn(() => Promise.resolve())
    const { app, cookie } = await expired({ store, refresh, logout })
    failWrites(store, Infinity)
    await get(app, cookie).expect(200)
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    const revoked = logout.mock.calls.map(
      (call: unknown[]) => (call[0] as { refreshToken: string }).refreshToken,
    )
    expect(revoked).toEqual(['refresh-0', 'refresh-1'])
    await get(app, cookie).expect(401)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await get(app, cookie).expect(401)
  })

  test('are revoked when the user signs out at another process before they are written', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const logout = vi.fn(() => Promise.resolve())
    const { app, cookie, another } = await expired({ store, refresh, logout })
    failWrites(store, 1)
    await get(app, cookie).expect(200)
    await request(another()).post('/tokens/logout').set('Cookie', cookie).expect(204)
    await get(app, cookie).expect(401)
    await vi.waitFor(() => {
      const revoked = logout.mock.calls.map(
        (call: unknown[]) => (call[0] as { refreshToken: string }).refreshToken,
      )
      expect(revoked).toEqual(['refresh-0', 'refresh-1'])
    })
  })

  test('give way to newer ones of another process', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ store, refresh })
    const set = vi.spyOn(store, 'set')
    const replace = failWrites(store, 1)
    await get(app, cookie).expect(200)
    const [key = ''] = replace.mock.calls[0] ?? []
    const winner = await accessToken(7200, { sub: 'winner' })
    const frame = (await store.get(key)) as SessionRecord
    await store.set(key, recordOf({ tokens: { accessToken: winner } }, frame))
    expect((await get(app, cookie).expect(200)).body).toEqual({ subject: 'winner' })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect((await get(app, cookie).expect(200)).body).toEqual({ subject: 'winner' })
    expect(set).toHaveBeenCalledOnce()
  })

  test('come before the claim of a process that has only just begun', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ store, refresh })
    const replace = failWrites(store, 1)
    await get(app, cookie).expect(200)
    const [key = ''] = replace.mock.calls[0] ?? []
    const claim = (await store.get(key)) as SessionRecord
    await store.set(key, { ...claim, version: 'of another process' })
    await get(app, cookie).expect(200)
    await vi.waitFor(async () => {
      expect((await store.get(key))?.data).toContain('refresh-1')
    })
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('are not kept beyond the session', async () => {
    fakeTimers()
    let now = 0
    const clock = () => now
    const store = memorySessionStore({ clock })
    const frame = { openedAt: new Date(0), expiresAt: new Date(1000) }
    const claim = recordOf({ tokens: { accessToken: 'a', refreshToken: 'b' } }, frame)
    const renewed = recordOf({ tokens: { accessToken: 'c', refreshToken: 'd' } }, frame)
    await store.set('key', claim)
    const replace = vi.spyOn(store, 'replace').mockRejectedValue(new Error('down'))
    const outcomes = createOutcomes({ store, clock, logout: undefined })
    expect(await outcomes.write('key', { claim, renewed })).toBe(renewed)
    expect(await outcomes.read('key')).toBe(renewed)
    await vi.advanceTimersByTimeAsync(20_000)
    // With pauses that grow to five seconds.
    expect(replace.mock.calls.length).toBeGreaterThan(5)
    expect(replace.mock.calls.length).toBeLessThan(12)
    now = 1000
    await vi.advanceTimersByTimeAsync(5_000)
    expect(outcomes.take('key')).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('are not written for ever against a store that loses every race', async () => {
    const store = memorySessionStore()
    const frame = { openedAt: new Date(), expiresAt: new Date(Date.now() + 1000) }
    const claim = recordOf({ tokens: { accessToken: 'a', refreshToken: 'b' } }, frame)
    const renewed = recordOf({ tokens: { accessToken: 'c', refreshToken: 'd' } }, frame)
    await store.set('key', claim)
    const replace = vi.spyOn(store, 'replace').mockResolvedValue(false)
    fakeTimers()
    const outcomes = createOutcomes({ store, clock: Date.now, logout: undefined })
    expect(await outcomes.write('key', { claim, renewed })).toBe(renewed)
    expect(replace.mock.calls.length).toBeLessThan(20)
    expect(outcomes.take('key')).toBe(renewed)
    await vi.advanceTimersByTimeAsync(100)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a refusal of the issuer', () => {
  test('holds although the session cannot be deleted yet, and the token is not presented again', async () => {
    const store = memorySessionStore()
    const refresh = vi.fn(() => Promise.resolve(undefined))
    const { app, cookie, move } = await expired({ store, refresh })
    const remove = vi.spyOn(store, 'delete').mockRejectedValueOnce(new Error('down'))
    await get(app, cookie).expect(401)
    move(20)
    await get(app, cookie).expect(401)
    await vi.waitFor(() => {
      expect(remove).toHaveBeenCalledTimes(2)
    })
    await get(app, cookie).expect(401)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('waits for another process that is at it with the same refresh token', async () => {
    const store = memorySessionStore()
    const winner = await accessToken(7200, { sub: 'winner' })
    const remove = store.delete.bind(store)
    vi.spyOn(store, 'delete').mockImplementationOnce(async (key, version) => {
      const record = (await store.get(key)) as SessionRecord
      await store.set(key, { ...record, version: 'of the winner' })
      await remove(key, version)
      setTimeout(() => {
        void store.set(key, recordOf({ tokens: { accessToken: winner } }, record))
      }, 100)
    })
    const refresh = vi.fn(() => Promise.resolve(undefined))
    const { app, cookie } = await expired({ store, refresh })
    expect((await get(app, cookie).expect(200)).body).toEqual({ subject: 'winner' })
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('counts for the record it was about and for no newer one', async () => {
    fakeTimers()
    const store = memorySessionStore()
    const frame = { openedAt: new Date(), expiresAt: new Date(Date.now() + 60_000) }
    const claim = recordOf({ tokens: { accessToken: 'a', refreshToken: 'b' } }, frame)
    await store.set('key', claim)
    vi.spyOn(store, 'delete').mockRejectedValue(new Error('down'))
    const outcomes = createOutcomes({ store, clock: Date.now, logout: undefined })
    expect(await outcomes.write('key', { claim, renewed: undefined })).toBeUndefined()
    expect(await outcomes.read('key')).toBeUndefined()
    const newer = { ...claim, version: 'newer' }
    await store.set('key', newer)
    expect(await outcomes.read('key')).toEqual(newer)
  })
})

describe('an answer of the issuer', () => {
  test.each([
    ['without a token', {}],
    ['with a token that is no text', { accessToken: 1 }],
  ])('%s is no refusal', async (_what, answer) => {
    const refresh = vi.fn(() => Promise.resolve(answer as never))
    const { app, cookie, move } = await expired({ refresh })
    await get(app, cookie).expect(503)
    await get(app, cookie).expect(503)
    expect(refresh).toHaveBeenCalledOnce()
    move(5)
    await get(app, cookie).expect(503)
    expect(refresh).toHaveBeenCalledTimes(2)
  })

  test('that is null is one', async () => {
    const refresh = vi.fn(() => Promise.resolve(null))
    const { app, cookie } = await expired({ refresh })
    await get(app, cookie).expect(401)
    await get(app, cookie).expect(401)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test.each([
    ['too large for any clock', 1e300, undefined],
    ['without end', Infinity, undefined],
    ['no number', NaN, undefined],
    ['zero', 0, undefined],
    ['negative', -5, undefined],
    ['a text', '600', undefined],
    ['null', null, undefined],
    ['the longest', 8.63e12, 8.63e12],
  ])('may give a lifetime that is %s', async (_what, lifetime, shown) => {
    const expiresIn = lifetime as number
    const { refresh } = strictIssuer()
    const login = async () => ({
      accessToken: await accessToken(7200),
      expiresIn,
      refreshToken: '',
    })
    const { app, cookie, move } = await expired({ login, refresh })
    const first = await request(app).post('/tokens/create')
    expect((first.body as { expiresIn?: number }).expiresIn).toBe(shown)
    move(3600)
    await get(app, cookie).expect(200)
    const later = await request(app).post('/tokens/refresh').set('Cookie', cookie).expect(200)
    expect('expiresIn' in (later.body as object)).toBe(shown !== undefined)
    expect(refresh).not.toHaveBeenCalled()
  })
})

describe('a clock that is set back', () => {
  test.each([
    ['a claim', 'claimedUntil', 15_000],
    ['a pause', 'retryAt', 5_000],
  ])('does not prolong %s', async (_what, name, length) => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ store, refresh })
    const look = store.get.bind(store)
    const future = (ahead: number) =>
      vi.spyOn(store, 'get').mockImplementation(async (key) => {
        const record = await look(key)
        const data = JSON.parse(record?.data ?? '{}') as object
        const instant = Date.now() + 600_000 + length + ahead
        return record && { ...record, data: JSON.stringify({ ...data, [name]: instant }) }
      })
    // Another process may be a minute ahead; nobody is further ahead.
    future(65_000)
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
  })
})
