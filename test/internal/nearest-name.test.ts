import { describe, expect, test } from 'vitest'
import { nearestName } from '../../src/internal/nearest-name.js'

describe('nearestName', () => {
  test.each<[string, string, string[], string | undefined]>([
    ['another case', 'Audience', ['audience'], 'audience'],
    ['a wrong letter', 'audiance', ['authority', 'audience'], 'audience'],
    ['a letter too many', 'schemee', ['scheme'], 'scheme'],
    ['a letter too few', 'schme', ['scheme'], 'scheme'],
    ['two letters in each other’s place', 'clokc', ['clock'], 'clock'],
    ['two errors in a long name', 'backChanelTimout', ['backchannelTimeout'], 'backchannelTimeout'],
    ['a short name that is too far away', 'key', ['jwk'], undefined],
    ['nothing near', 'secret', ['audience', 'clock'], undefined],
    ['no names', 'a', [], undefined],
  ])('knows %s', (_what, name, known, meant) => {
    expect(nearestName(name, known)).toBe(meant)
  })

  test('takes the nearest of several, and the first of equals', () => {
    expect(nearestName('validIssuerss', ['validIssuer', 'validIssuers'])).toBe('validIssuers')
    expect(nearestName('abc', ['abd', 'abe'])).toBe('abd')
    expect(nearestName('ab', ['ac', 'AB'])).toBe('AB')
  })

  test('stays quick for a name of any length', () => {
    expect(nearestName('x'.repeat(100_000), ['audience'])).toBeUndefined()
  })
})
