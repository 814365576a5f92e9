import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, createPrincipal, getAuthentication } from 'express-jwt-bearer'
import {
  recordResult,
  resultOf,
  stateOf,
  type RequestState,
} from '../../../src/core/authentication/request-state.js'
import {
  Failure,
  noAuthentication,
  Success,
  type AuthenticateResult,
} from '../../../src/core/authentication/result.js'

const success = (scheme: string) => new Success(scheme, createPrincipal({}, { scheme }), {})
const failure = () => new Failure(new ConfigurationError('x'))

function requestWith(...results: [scheme: string, result: AuthenticateResult][]): object {
  const request = {}
  for (const [name, result] of results) recordResult(request, { scheme: { name } as never, result })
  return request
}

function use(request: object, result: AuthenticateResult): void {
  const state = stateOf(request) as RequestState
  state.used = result
}

describe('getAuthentication', () => {
  const [good, better, bad, worse] = [success('A'), success('B'), failure(), failure()]

  test.each<[string, object, AuthenticateResult]>([
    ['nobody looked at the request', {}, noAuthentication],
    ['nobody came with credentials', requestWith(['A', noAuthentication]), noAuthentication],
    ['one failed', requestWith(['A', bad]), bad],
    ['several failed', requestWith(['A', bad], ['B', worse]), bad],
    [
      'one failed after one without credentials',
      requestWith(['A', noAuthentication], ['B', bad]),
      bad,
    ],
    ['one succeeded after one that failed', requestWith(['A', bad], ['B', better]), better],
    ['several succeeded', requestWith(['A', good], ['B', better]), good],
  ])('gives the first success, else the first failure, when %s', (_case, request, expected) => {
    expect(getAuthentication(request)).toBe(expected)
  })

  test('gives the result that the last guard used before all others', () => {
    const request = requestWith(['A', good], ['B', better])
    use(request, better)
    expect(getAuthentication(request)).toBe(better)
    use(request, good)
    expect(getAuthentication(request)).toBe(good)
  })

  test('gives the result of a scheme that is named, and none for a name nobody has', () => {
    const request = requestWith(['A', bad], ['B', better])
    use(request, better)
    expect(getAuthentication(request, 'A')).toBe(bad)
    expect(getAuthentication(request, 'C')).toBe(noAuthentication)
    expect(getAuthentication({}, 'A')).toBe(noAuthentication)
  })
})

describe('the state of a request', () => {
  test('lists results in mount order', () => {
    const request = requestWith(['B', noAuthentication], ['A', failure()])
    const state = stateOf(request)
    expect(state?.results.map(({ scheme }) => scheme.name)).toEqual(['B', 'A'])
    expect(resultOf(state, 'B')?.result).toBe(noAuthentication)
  })

  test('cannot be read, copied or forged through the request', () => {
    const request = requestWith(['A', success('A')])
    expect(Reflect.ownKeys(request)).toEqual([])
    expect(inspect(request, { depth: null, showHidden: true })).toBe('{}')
    for (const copy of [{ ...request }, Object.create(request)]) {
      expect(stateOf(copy as object)).toBeUndefined()
    }
  })

  test('tells the first success apart', () => {
    const request = {}
    const record = (name: string, result: AuthenticateResult) =>
      recordResult(request, { scheme: { name } as never, result })
    expect(record('A', failure())).toBe(false)
    expect(record('B', success('B'))).toBe(true)
    expect(record('C', success('C'))).toBe(false)
    expect(recordResult({}, { scheme: { name: 'A' } as never, result: failure() })).toBe(false)
  })
})
