import createError from 'http-errors'
import { describe, expect, test } from 'vitest'
import { httpError } from '../../../src/core/responses/http-error.js'

describe('httpError', () => {
  test.each([400, 401, 403, 500, 503] as const)('makes what http-errors makes for %d', (status) => {
    const error = httpError({ status, code: 'ERR_X' })
    const model = createError(status)
    expect(createError.isHttpError(error)).toBe(true)
    expect(error).toBeInstanceOf(createError.HttpError)
    expect(error).toBeInstanceOf(createError[status])
    const { name, message, status: same, statusCode, expose } = model
    expect(error).toMatchObject({ name, message, status: same, statusCode, expose })
    expect(error.constructor).toBe(model.constructor)
    expect(Object.keys(error)).toEqual(['code', 'headers', 'message'])
    expect(error.stack).toBe(`${name}: ${message}`)
  })

  test('carries a cause and words of its own, and leaves stacks to everybody else', () => {
    const cause = new Error('x')
    const error = httpError({ status: 500, code: 'ERR_X', message: 'Say why', cause })
    expect(error).toMatchObject({ message: 'Say why', cause })
    expect(error.stack).toBe('InternalServerError: Say why')
    expect(new Error('y').stack).toContain('\n    at ')
  })
})
