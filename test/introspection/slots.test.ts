import { describe, expect, test } from 'vitest'
import { createFlights, createSlots } from '../../src/introspection/slots.js'

describe('the slots', () => {
  test('are given at once while there are any, and handed on in the order of asking', async () => {
    const slots = createSlots(2, 60)
    const [first, second] = [slots.take(), slots.take()]
    const order: string[] = []
    const waits = ['a', 'b'].map((name) =>
      Promise.resolve(slots.take()).then((release) => {
        order.push(name)
        return release
      }),
    )
    await Promise.resolve()
    expect(order).toEqual([])
    ;(first as () => void)()
    const release = await waits[0]
    expect(order).toEqual(['a'])
    ;(second as () => void)()
    await waits[1]
    expect(order).toEqual(['a', 'b'])
    release?.()
    expect(slots.take()).toBeTypeOf('function')
  })

  test('let go of whoever waits too long, and go to the next', async () => {
    const slots = createSlots(1, 0.02)
    const first = slots.take() as () => void
    expect(await slots.take()).toBeUndefined()
    const next = slots.take()
    first()
    expect(await next).toBeTypeOf('function')
  })
})

describe('the flights', () => {
  test('run once per name at a time', async () => {
    const fly = createFlights<number>()
    let count = 0
    const work = () => Promise.resolve((count += 1))
    expect(await Promise.all([fly('a', work), fly('a', work), fly('b', work)])).toEqual([1, 1, 2])
    expect(await fly('a', work)).toBe(3)
  })

  test('end with a failure too, which everybody hears who waits', async () => {
    const fly = createFlights<number>()
    const fail = () => Promise.reject(new Error('away'))
    const both = await Promise.allSettled([fly('a', fail), fly('a', fail)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await fly('a', () => Promise.resolve(1))).toBe(1)
  })
})
