import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { inspectAs } from '../../src/internal/inspection.js'

class Safe {
  readonly secret = 'hidden'
  readonly label = 'shown'
}
class Inner extends Safe {}
inspectAs(Safe, ({ label }) => `Safe ${label}`)

describe('inspectAs', () => {
  test('decides what logs show of a class and of those that extend it', () => {
    expect(inspect(new Safe())).toBe('Safe shown')
    expect(inspect([new Inner()], { depth: null, showHidden: false })).toBe('[ Safe shown ]')
    expect(Object.keys(new Safe())).toEqual(['secret', 'label'])
  })
})
