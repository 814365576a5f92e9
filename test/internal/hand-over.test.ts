import { afterEach, describe, expect, test, vi } from 'vitest'
import { handOver } from '../../src/internal/hand-over.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const watch = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
const code = 'EXPRESS_JWT_BEARER_LATE_FAILURE'

describe('handOver', () => {
  test('gives an error to next() while nobody has answered', () => {
    const warn = watch()
    const next = vi.fn()
    const error = new Error('a secret')
    handOver(error, { headersSent: false }, next)
    handOver(error, {}, next)
    expect(next.mock.calls).toEqual([[error], [error]])
    expect(warn).not.toHaveBeenCalled()
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['"route"', 'route'],
    ['"router"', 'router'],
  ])(
    'gives next() an error where %s was thrown, which Express would take for none',
    (_what, thrown) => {
      const next = vi.fn()
      handOver(thrown, {}, next)
      expect(next).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ cause: thrown }))
      expect(next.mock.calls[0]?.[0]).toBeInstanceOf(Error)
    },
  )

  test.each([
    ['an error', new TypeError('a secret'), 'TypeError'],
    [
      'an error with a code',
      Object.assign(new Error('a secret'), { code: 'EPIPE' }),
      'Error [EPIPE]',
    ],
    ['an error whose code is no text', Object.assign(new Error('a secret'), { code: 7 }), 'Error'],
    ['a text', 'a secret', 'Error'],
    ['nothing', undefined, 'Error'],
    ['null', null, 'Error'],
  ])('warns once of %s after the answer has begun, without its message', (_what, thrown, name) => {
    const warn = watch()
    const next = vi.fn()
    handOver(thrown, { headersSent: true }, next)
    expect(next).not.toHaveBeenCalled()
    const message = `A request failed after its answer had begun: ${name}`
    expect(warn.mock.calls).toEqual([[message, { code }]])
  })

  test('warns once of what next() throws', () => {
    const warn = watch()
    handOver(new Error('mine'), {}, () => {
      throw new RangeError('theirs')
    })
    const message = 'A request failed after its answer had begun: RangeError'
    expect(warn.mock.calls).toEqual([[message, { code }]])
  })
})
