import { calculateJwkThumbprint } from 'jose'
import { jwtBearer, symmetricKey } from 'express-jwt-bearer'
import {
  createKeyRing,
  createMemoryKeyRingStore,
  createTokenIssuer,
  type KeyRingOptions,
  type KeyRingStore,
} from 'express-jwt-bearer/issuer'
import { describe, expect, test, vi } from 'vitest'
import { secretKeyRing } from '../../src/issuer/secret-key-ring.js'
import { claimsOf, headerOf, interrupted, secret, setUp } from './set-up.js'

const day = 86_400
const times = { announce: 2 * day, sign: 10 * day, retain: 3 * day }

function rings(options: KeyRingOptions = {}) {
  let now = 1_700_000_000_000
  const store = options.store ?? createMemoryKeyRingStore()
  const clock = () => now
  const open = () => createKeyRing({ ...times, ...options, store, clock })
  return {
    ring: open(),
    open,
    store,
    clock,
    passTime: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

type Ring = ReturnType<typeof createKeyRing>
const kidsOf = async (ring: Ring) => (await ring.jwks()).keys.map(({ kid }) => kid)
const kidOf = async (ring: Ring) => (await ring.signer()).kid

describe('createKeyRing', () => {
  test.each([
    [-59, 1],
    [-61, 2],
  ])(
    'reads its store again when the clock jumps back: by %d s, %d reads in all',
    async (step, reads) => {
      const memory = createMemoryKeyRingStore()
      const load = vi.fn(() => memory.load())
      const { ring, passTime } = rings({ store: { load, save: (state) => memory.save(state) } })
      await ring.jwks()
      passTime(step)
      await ring.jwks()
      await ring.jwks()
      expect(load).toHaveBeenCalledTimes(reads)
    },
  )

  test('publishes public keys named by their thumbprint', async () => {
    const { ring } = rings()
    const { keys } = await ring.jwks()
    expect(keys).toEqual([
      {
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String) as string,
        y: expect.any(String) as string,
        alg: 'ES256',
        use: 'sig',
        kid: await kidOf(ring),
      },
    ])
    expect(keys[0]?.kid).toBe(await calculateJwkThumbprint(keys[0] ?? {}))
  })

  test('leads a key through its life: announced, signing, verify-only, gone', async () => {
    const { ring, passTime } = rings({ refreshInterval: 0 })
    const first = await kidOf(ring)
    expect(await kidsOf(ring)).toEqual([first])
    passTime(8 * day - 1)
    expect(await kidsOf(ring)).toEqual([first])
    passTime(1)
    const [, second] = await kidsOf(ring)
    expect(second).toBeDefined()
    expect(await kidOf(ring)).toBe(first)
    passTime(2 * day - 1)
    expect(await kidOf(ring)).toBe(first)
    passTime(1)
    expect(await kidOf(ring)).toBe(second)
    expect(await kidsOf(ring)).toEqual([first, second])
    passTime(3 * day - 1)
    expect(await kidsOf(ring)).toEqual([first, second])
    passTime(1)
    expect(await kidsOf(ring)).toEqual([second])
    expect(await ring.verifiers(first)).toEqual([])
  })

  test('signs at once with a new key when nobody has used the ring for long', async () => {
    const { ring, passTime } = rings()
    const first = await kidOf(ring)
    passTime(100 * day)
    const second = await kidOf(ring)
    expect(second).not.toBe(first)
    expect(await kidsOf(ring)).toEqual([second])
  })

  test('always has a key that signs, also where keys live for less than the store is read', async () => {
    const { ring, passTime } = rings({ announce: 1, sign: 3, retain: 2 })
    const kids = new Set<unknown>()
    for (let second = 0; second < 30; second++) {
      kids.add(await kidOf(ring))
      passTime(1)
    }
    expect(kids.size).toBeGreaterThanOrEqual(9)
  })

  test('announces a key that is brought in early, and retires its predecessor in time', async () => {
    const { ring, passTime } = rings()
    const first = await kidOf(ring)
    await ring.rotate()
    const [, second] = await kidsOf(ring)
    expect(await kidOf(ring)).toBe(first)
    passTime(2 * day)
    expect(await kidOf(ring)).toBe(second)
    passTime(3 * day)
    expect(await kidsOf(ring)).toEqual([second])
  })

  test('signs at once when the first thing it is asked for is another key', async () => {
    const { ring } = rings()
    await ring.rotate()
    const [first] = await kidsOf(ring)
    expect(await kidOf(ring)).toBe(first)
    expect(await kidsOf(ring)).toHaveLength(2)
  })

  test('does not lengthen the life of a key that ends before the new one starts', async () => {
    const { ring, passTime } = rings()
    await ring.rotate()
    const [first, second] = await kidsOf(ring)
    passTime(day)
    await ring.rotate()
    const third = (await kidsOf(ring))[2]
    passTime(day)
    expect(await kidOf(ring)).toBe(second)
    passTime(day)
    expect(await kidOf(ring)).toBe(third)
    passTime(2 * day)
    expect(await kidsOf(ring)).not.toContain(first)
  })

  test('drops compromised keys at once', async () => {
    const { ring } = rings()
    const first = await kidOf(ring)
    await ring.rotate({ compromised: true })
    const second = await kidOf(ring)
    expect(second).not.toBe(first)
    expect(await kidsOf(ring)).toEqual([second])
  })

  test('gives processes that share a store one ring, also when they start together', async () => {
    const { open, passTime } = rings()
    const processes = Array.from({ length: 4 }, open)
    const kids = await Promise.all(processes.map(kidOf))
    expect(new Set(kids).size).toBe(1)
    await processes[0]?.rotate({ compromised: true })
    passTime(10)
    const after = await Promise.all(processes.map(kidOf))
    expect(new Set(after).size).toBe(1)
    expect(after[0]).not.toBe(kids[0])
  })

  test('hears of a key that another process has just brought in when a token shows it', async () => {
    const { ring, open, passTime } = rings()
    await ring.signer()
    const other = open()
    await other.rotate({ compromised: true })
    const kid = await kidOf(other)
    expect(await ring.verifiers(kid)).toEqual([])
    passTime(1)
    expect(await ring.verifiers(kid)).toMatchObject([{ kid }])
  })

  test('asks the store at most once a second because of unknown keys', async () => {
    const { ring, store } = rings()
    const load = vi.spyOn(store, 'load')
    await ring.signer()
    load.mockClear()
    await Promise.all(Array.from({ length: 50 }, (_, index) => ring.verifiers(`kid-${index}`)))
    await ring.verifiers(undefined)
    expect(load).not.toHaveBeenCalled()
  })

  test('hands verifiers the same object for the same key', async () => {
    const { ring, passTime } = rings()
    const kid = await kidOf(ring)
    const [before] = await ring.verifiers(kid)
    passTime(60)
    expect((await ring.verifiers(kid))[0]).toBe(before)
  })

  test('goes on with the keys it knows while the store is down, until they end', async () => {
    const memory = createMemoryKeyRingStore()
    let down = false
    const failing = async () => {
      await Promise.resolve()
      if (down) throw new Error('store is down')
    }
    const { ring, passTime } = rings({ store: interrupted(memory, 'load', failing) })
    const first = await kidOf(ring)
    down = true
    passTime(9 * day)
    expect(await kidOf(ring)).toBe(first)
    passTime(day)
    await expect(ring.signer()).rejects.toThrow('no key that may sign')
  })

  test('reports that the store is down where no key is known yet', async () => {
    const store: KeyRingStore = {
      load: () => Promise.reject(new Error('store is down')),
      save: () => Promise.resolve(false),
    }
    await expect(rings({ store }).ring.signer()).rejects.toThrow('store is down')
  })

  test('keeps shared secrets to itself', async () => {
    const { ring } = rings({ algorithm: 'HS512' })
    const { kid, algorithm } = await ring.signer()
    expect(algorithm).toBe('HS512')
    expect(await ring.jwks()).toEqual({ keys: [] })
    expect(await ring.verifiers(kid)).toMatchObject([{ kty: 'oct', alg: 'HS512', kid }])
  })

  test.each([
    ['an algorithm that is none', { algorithm: 'none' }, '"algorithm" must be a JWT signature'],
    [
      'keys that are never ready',
      { announce: 10, sign: 10 },
      '"sign" must be longer than "announce"',
    ],
    ['a negative time', { retain: -1 }, '"retain" must be a non-negative number of seconds'],
    ['an unknown option', { propagate: 1 }, '"propagate" is not a member'],
  ])('refuses %s', (_case, options, message) => {
    expect(() => createKeyRing(options as KeyRingOptions)).toThrow(message)
  })

  test('has defaults that explicit undefined does not change', async () => {
    const names = ['algorithm', 'announce', 'sign', 'retain', 'store', 'refreshInterval', 'clock']
    const nothing = Object.fromEntries(names.map((name) => [name, undefined]))
    expect((await createKeyRing(nothing).signer()).algorithm).toBe('ES256')
  })
})

describe('a key ring behind an issuer', () => {
  test.each(['HS256', 'RS256', 'PS256', 'ES384', 'EdDSA'])(
    'signs %s tokens that jwtBearer() accepts through rotations',
    async (algorithm) => {
      const { ring, clock, passTime } = rings({ algorithm })
      const { issuer, caller } = setUp({ keys: ring, clock })
      const before = await issuer.issue('alice')
      expect(await caller(before)).toMatchObject({ kind: 'success' })
      await ring.rotate({ compromised: true })
      const after = await issuer.issue('alice')
      expect(headerOf(after)['kid']).not.toBe(headerOf(before)['kid'])
      expect(await caller(after)).toMatchObject({ kind: 'success' })
      passTime(1)
      expect((await caller(before)).kind).toBe('failure')
    },
  )

  test('lets no token of a shared secret pass that has a key name, and publishes nothing', async () => {
    const { issuer } = setUp()
    expect(await issuer.jwks()).toEqual({ keys: [] })
    expect(headerOf(await issuer.issue('alice'))).not.toHaveProperty('kid')
    const keys = createTokenIssuer({
      issuer: 'https://issuer.test',
      audience: 'api://orders',
      keys: symmetricKey(secret),
    })
    const bearer = jwtBearer(keys.bearerOptions())
    const { accessToken } = await keys.issue('alice')
    const result = await bearer.authenticate({
      headers: { authorization: `Bearer ${accessToken}` },
    })
    expect(result.kind).toBe('success')
    expect(claimsOf(await keys.issue('alice'))['sub']).toBe('alice')
  })

  test('cannot rotate a shared secret, and says so', async () => {
    const ring = secretKeyRing(symmetricKey(secret))
    await expect(ring.rotate()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test.each([
    ['a short secret', 'short', 'HS256 needs 32 or more'],
    ['a placeholder', 'REPLACE_WITH_A_LONG_RANDOM_SECRET_OF_YOURS', 'placeholder'],
  ])('refuses %s without quoting it', (_case, text, message) => {
    const make = () => setUp({ keys: symmetricKey(text) })
    expect(make).toThrow(message)
    expect(make).not.toThrow(text)
  })
})
