import { generateKeyPairSync, scrypt, sign, type KeyObject } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { verifyInPool, type SignatureCheck } from '../../../src/core/validation/signature-pool.js'

const data = Buffer.from('what was signed')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const dsaEncoding = 'ieee-p1363' as const

function checkBy({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }) {
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding })
  return { hash: 'sha256', data, key: { key: publicKey, dsaEncoding }, signature }
}

const good: [string, SignatureCheck][] = [
  ['RSA', checkBy(rsa)],
  ['an elliptic curve', checkBy(ec)],
]

// More than the pool has threads, each of them for a good part of a second.
function occupyPool() {
  let done = 0
  const hash = () =>
    new Promise<void>((resolve) => {
      scrypt('password', 'salt', 64, { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 28 }, () => {
        done += 1
        resolve()
      })
    })
  const all = Promise.all(Array.from({ length: 8 }, hash))
  return { all, done: () => done }
}

describe('verifyInPool()', () => {
  test.each(good)('tells a good signature of %s from one for something else', async (_, check) => {
    expect(await verifyInPool(check)).toBe(true)
    expect(await verifyInPool({ ...check, data: Buffer.from('something else') })).toBe(false)
  })

  test.each(good)(
    'gives the same answers, of %s, while password hashing keeps the pool busy',
    async (_, check) => {
      const forged = { ...check, data: Buffer.from('something else') }
      const noSignature = { ...check, signature: Buffer.alloc(3) }
      const noHash = { ...check, hash: 'no hash of that name' }
      const { all, done } = occupyPool()
      // The first ones wait for a moment, those after them do not.
      const first = await Promise.all([verifyInPool(check), verifyInPool(forged)])
      const later = [check, forged, noSignature, noHash].map((one) => verifyInPool(one))
      expect(done()).toBe(0)
      expect(first).toEqual([true, false])
      expect(later).toEqual([true, false, false, false])
      await all
    },
  )

  test('goes back to the pool once it moves again', async () => {
    const [, check] = good[0] as (typeof good)[number]
    const { all } = occupyPool()
    expect(await verifyInPool(check)).toBe(true)
    expect(verifyInPool(check)).toBe(true)
    await all
    await pause(20)
    await nextTurn()
    const again = verifyInPool(check)
    expect(again).toBeInstanceOf(Promise)
    expect(await again).toBe(true)
  })
})
