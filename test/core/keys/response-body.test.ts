import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import {
  discardBody,
  parseJsonObject,
  readBody,
  TooLargeError,
} from '../../../src/core/keys/response-body.js'

const mebibyte = 1024 * 1024

describe('readBody', () => {
  test.each([
    ['exactly 1 MiB', 'x'.repeat(mebibyte), mebibyte],
    ['nothing', '', 0],
    ['letters of several bytes', 'ä', 1],
  ])('reads %s', async (_case, text, length) => {
    expect(await readBody(new Response(text))).toHaveLength(length)
  })

  test('refuses a byte more than 1 MiB', async () => {
    await expect(readBody(new Response('x'.repeat(mebibyte + 1)))).rejects.toThrow(TooLargeError)
  })
})

describe('discardBody', () => {
  test.each([
    ['a web stream', () => new Response('x').body],
    ["a stream of Node's", () => Readable.from(['x'])],
    ['no body', () => null],
  ])('lets go of %s', (_case, body) => {
    expect(() => {
      discardBody(body())
    }).not.toThrow()
  })
})

describe('parseJsonObject', () => {
  test.each([
    ['an object', '{"a":1}', { a: 1 }],
    ['an array', '[]', undefined],
    ['null', 'null', undefined],
    ['a text', '"x"', undefined],
    ['no JSON', '<html>', undefined],
  ])('reads objects alone: %s', (_case, text, expected) => {
    expect(parseJsonObject(text)).toEqual(expected)
  })
})
