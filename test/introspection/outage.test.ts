import { describe, expect, test } from 'vitest'
import { CallError, type Concern } from '../../src/introspection/call-error.js'
import { createOutage } from '../../src/introspection/outage.js'

/** An endpoint that fails or answers as told, at a time of the test's own. */
function start() {
  let now = 1_000_000_000
  const outage = createOutage(() => now)
  const call = (name: string, outcome: Concern | 'answer') => {
    const refusal = outage.begin(name)
    if (refusal !== undefined) return refusal.message
    if (outcome === 'answer') outage.succeeded(name)
    else outage.failed(name, new CallError(outcome, outcome))
    outage.end(name)
    return 'called'
  }
  return {
    outage,
    call,
    pass: (seconds: number) => {
      now += seconds * 1000
    },
    /** What becomes of a token that would be answered, without calling. */
    look: (name: string) => outage.refusal(name)?.message ?? 'may call',
    goDown: () => {
      for (const name of ['a', 'b', 'c']) call(name, 'endpoint')
    },
  }
}

describe('a failure', () => {
  test.each<[Concern]>([['endpoint'], ['token'], ['credentials']])(
    'keeps its own token from being asked about for a second: %s',
    (concern) => {
      const { call, look, pass } = start()
      expect(call('a', concern)).toBe('called')
      expect(look('a')).toBe(concern)
      expect(look('b')).toBe('may call')
      pass(0.999)
      expect(look('a')).toBe(concern)
      pass(0.001)
      expect(look('a')).toBe('may call')
    },
  )

  test('is forgotten when the clock jumps back', () => {
    const { call, look, pass } = start()
    call('a', 'token')
    pass(-61)
    expect(look('a')).toBe('may call')
  })
})

describe('the endpoint', () => {
  test.each<[string, [string, Concern | 'answer'][], string]>([
    ['two tokens fail', steps('a!', 'b!'), 'may call'],
    ['three tokens fail in a row', steps('a!', 'b!', 'c!'), 'it is down'],
    ['one token fails three times', steps('a!', 'a!', 'a!'), 'may call'],
    ['two tokens fail in turn', steps('a!', 'b!', 'a!', 'b!'), 'may call'],
    ['three tokens fail, one of them twice', steps('a!', 'a!', 'b!', 'c!'), 'it is down'],
    ['three odd tokens get a 400 each', steps('a?', 'b?', 'c?'), 'may call'],
    ['a 400 stands between failures', steps('a!', 'b!', 'x?', 'c!'), 'may call'],
    ['our credentials are refused to three tokens', steps('a-', 'b-', 'c-'), 'may call'],
    ['an answer stands between failures', steps('a!', 'b!', 'x', 'c!'), 'may call'],
  ])('counts as down by failures of three tokens in a row: %s', (_case, calls, expected) => {
    const { call, look, pass } = start()
    for (const [name, outcome] of calls) {
      call(name, outcome)
      pass(1)
    }
    pass(-1)
    expect(look('z')).toBe(expected)
  })

  test.each([
    ['9.9 s ago', 9.9, 'may call'],
    ['10 s ago', 10, 'it is down'],
  ])('does not count as down when a call was answered %s', (_case, ago, expected) => {
    const { call, goDown, look, pass } = start()
    call('x', 'answer')
    pass(ago)
    goDown()
    expect(look('z')).toBe(expected)
  })

  test('counts as down once the last answer is old enough and failures go on', () => {
    const { call, goDown, look, pass } = start()
    call('x', 'answer')
    goDown()
    for (const name of ['d', 'e', 'f', 'g']) call(name, 'endpoint')
    expect(look('z')).toBe('may call')
    pass(10)
    call('h', 'endpoint')
    expect(look('z')).toBe('it is down')
  })

  test('is probed by one call after 1 s, doubling to 30 s', () => {
    const { call, goDown, look, pass } = start()
    goDown()
    for (const [index, pause] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      pass(pause - 0.001)
      expect(look('z')).toBe('it is down')
      pass(0.001)
      expect(call(`probe ${String(index)}`, 'endpoint')).toBe('called')
      expect(look('z')).toBe('it is down')
    }
    pass(30)
    expect(call('z', 'answer')).toBe('called')
    expect(look('a')).toBe('may call')
    expect(look('y')).toBe('may call')
  })

  test('is asked by no other while a probe is under way', () => {
    const { outage, goDown, look, pass } = start()
    goDown()
    pass(1)
    expect(outage.begin('y')).toBeUndefined()
    expect(look('z')).toBe('it is down')
    outage.end('y')
    expect(look('z')).toBe('may call')
  })

  test('is not probed by the tokens that it failed for, until nobody else came for 30 s', () => {
    const { call, goDown, look, pass } = start()
    goDown()
    pass(1)
    expect(look('a')).toBe('it is down')
    expect(look('z')).toBe('may call')
    pass(29)
    expect(call('a', 'endpoint')).toBe('called')
    // Its failure says nothing new, and takes nobody's turn.
    expect(look('b')).toBe('it is down')
    expect(look('z')).toBe('may call')
    pass(30)
    expect(call('b', 'answer')).toBe('called')
    expect(look('c')).toBe('may call')
  })

  test('is probed again at once when a probe was about its token alone', () => {
    const { call, goDown, look, pass } = start()
    goDown()
    pass(1)
    call('odd', 'token')
    expect(look('z')).toBe('may call')
  })

  test('says how long it will not be asked, however the clock jumps', () => {
    const { outage, goDown, look, pass } = start()
    goDown()
    expect(outage.refusal('z')?.retryAfter).toBe(1)
    pass(1)
    outage.begin('y')
    outage.failed('y', new CallError('endpoint', 'x'))
    outage.end('y')
    pass(-50)
    expect(outage.refusal('z')?.retryAfter).toBe(2)
    pass(-20)
    expect(look('z')).toBe('may call')
  })

  test('takes no answer from the future for a recent one', () => {
    const { call, goDown, look, pass } = start()
    call('x', 'answer')
    pass(-100)
    goDown()
    expect(look('z')).toBe('it is down')
  })
})

/** 'a!' fails for everybody, 'a?' for itself, 'a-' for our credentials, and 'a' is answered. */
function steps(...texts: string[]): [string, Concern | 'answer'][] {
  const outcomes = { '!': 'endpoint', '?': 'token', '-': 'credentials' } as const
  return texts.map((text) => {
    const [name = '', sign] = text
    return [name, sign === undefined ? 'answer' : outcomes[sign as keyof typeof outcomes]]
  })
}
