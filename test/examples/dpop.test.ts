import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startExample, type RunningExample } from '../support/start-example.js'

describe('dpop', () => {
  let example: RunningExample
  beforeAll(async () => {
    example = await startExample('dpop/server.ts', { lastWords: 'Stop with' })
  })
  afterAll(() => example.stop())

  const line = (start: string) =>
    example
      .output()
      .split('\n')
      .find((one) => one.startsWith(start))

  test.each(['first', 'second'])('lets the owner of the key in at the %s call', (time) => {
    const answer = '200 {"for":"alice","proved":["jkt"]}'
    expect(line(`The client, ${time} call:`)).toBe(`The client, ${time} call: ${answer}`)
  })

  test.each([
    ['with the token as a bearer token', /401 DPoP scope="orders\.read", algs="/],
    [
      'with the token and no proof',
      /401 DPoP error="invalid_dpop_proof", error_description="A DPoP proof is required"/,
    ],
    [
      'with a proof by another key',
      /401 DPoP error="invalid_token", error_description="The token is bound to another key"/,
    ],
  ])('refuses a copied token %s', (what, answer) => {
    expect(line(`A thief ${what}:`)).toMatch(answer)
  })

  test('prints no token', () => {
    expect(example.output()).not.toContain('eyJ')
  })
})
