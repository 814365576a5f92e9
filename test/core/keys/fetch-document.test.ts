import { gzipSync } from 'node:zlib'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fetchDocument, UnusableDocumentError } from '../../../src/core/keys/fetch-document.js'
import { addressFault } from '../../../src/core/keys/address.js'
import { json, startIssuer, status, type Answer } from '../../support/issuer-server.js'

let issuer: Awaited<ReturnType<typeof startIssuer>>

beforeAll(async () => {
  issuer = await startIssuer()
})

afterAll(() => issuer.stop())

beforeEach(() => {
  issuer.routes.clear()
  issuer.requests.length = 0
})

const backchannel = { fetch: globalThis.fetch, requireHttps: false }
const never = () => new AbortController().signal

function fetchFrom(path: string, options = {}, signal = never()) {
  return fetchDocument(`${issuer.url}${path}`, { ...backchannel, ...options }, signal)
}

const body =
  (text: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(200, headers).end(text)
  }

/** A JSON object of exactly so many bytes. */
const objectOf = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`
const mebibyte = 1024 * 1024

describe('fetchDocument', () => {
  test('gives the object and asks for JSON', async () => {
    let asked: IncomingMessage | undefined
    issuer.routes.set('/document', (request, response) => {
      asked = request
      json({ a: 1 })(request, response)
    })
    expect(await fetchFrom('/document')).toEqual({ a: 1 })
    expect(asked?.headers).toMatchObject({ accept: 'application/json' })
    expect(asked?.headers.authorization).toBeUndefined()
  })

  test('reads characters that arrive in two parts', async () => {
    issuer.routes.set('/document', (_, response) => {
      const text = Buffer.from('{"a":"ü"}')
      response.write(text.subarray(0, 7))
      setTimeout(() => response.end(text.subarray(7)), 20)
    })
    expect(await fetchFrom('/document')).toEqual({ a: 'ü' })
  })

  test.each<[what: string, answer: Answer]>([
    ['exactly 1 MiB', body(objectOf(mebibyte))],
    ['exactly 1 MiB, packed', body(gzipSync(objectOf(mebibyte)), { 'Content-Encoding': 'gzip' })],
  ])('takes %s', async (_what, answer) => {
    issuer.routes.set('/document', answer)
    expect(JSON.stringify(await fetchFrom('/document'))).toHaveLength(mebibyte)
  })

  test.each<[what: string, answer: Answer, message: string]>([
    ['a byte more than 1 MiB', body(objectOf(mebibyte + 1)), 'answered with more than 1 MiB'],
    ['10 MB', body(objectOf(10_000_000)), 'answered with more than 1 MiB'],
    [
      'little that unpacks to a lot',
      body(gzipSync(objectOf(10_000_000)), { 'Content-Encoding': 'gzip' }),
      'answered with more than 1 MiB',
    ],
    ['nothing', body(''), 'answered with something that is no JSON object'],
    ['text', body('<html>secret</html>'), 'answered with something that is no JSON object'],
    ['half an object', body('{"a":'), 'answered with something that is no JSON object'],
    ['an array', body('[]'), 'answered with something that is no JSON object'],
    ['null', body('null'), 'answered with something that is no JSON object'],
    ['a number', body('1'), 'answered with something that is no JSON object'],
    ['404', status(404), 'answered 404'],
    ['201', status(201), 'answered 201'],
    ['a redirect', status(302, { Location: '/elsewhere' }), 'answered 302'],
    ['a lasting redirect', status(308, { Location: '/elsewhere' }), 'answered 308'],
  ])('refuses %s and says so without quoting it', async (_what, answer, message) => {
    issuer.routes.set('/document', answer)
    issuer.routes.set('/elsewhere', json({ a: 1 }))
    const error: unknown = await fetchFrom('/document').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnusableDocumentError)
    expect((error as Error).message).toBe(`${issuer.url}/document ${message}`)
    expect(issuer.requests).toEqual(['/document'])
  })

  test('stops reading what is too long', async () => {
    let sent = 0
    const closed = new Promise<void>((resolve) => {
      issuer.routes.set('/document', (request, response) => {
        request.socket.on('error', () => undefined).on('close', resolve)
        const more = () => {
          sent += 65536
          if (!response.destroyed) response.write('x'.repeat(65536), () => setImmediate(more))
        }
        more()
      })
    })
    await expect(fetchFrom('/document')).rejects.toThrow('more than 1 MiB')
    await closed
    expect(sent).toBeLessThan(20 * mebibyte)
  })

  test('tells a server in trouble from a document that is not there', async () => {
    issuer.routes.set('/document', status(500))
    const error: unknown = await fetchFrom('/document').catch((thrown: unknown) => thrown)
    expect(error).not.toBeInstanceOf(UnusableDocumentError)
    expect((error as Error).message).toBe(`${issuer.url}/document answered 500`)
  })

  test('takes an answer without a body from a fetch of the user’s for no document', async () => {
    const fetch = () => Promise.resolve(new Response(null))
    await expect(fetchFrom('/document', { fetch })).rejects.toThrow('no JSON object')
  })

  test('refuses a bad status without a body as well', async () => {
    const fetch = () => Promise.resolve(new Response(null, { status: 404 }))
    await expect(fetchFrom('/document', { fetch })).rejects.toThrow('answered 404')
  })

  test('ends with its signal', async () => {
    const controller = new AbortController()
    issuer.routes.set('/document', () => {
      controller.abort(new Error('enough'))
    })
    await expect(fetchFrom('/document', {}, controller.signal)).rejects.toThrow('enough')
  })

  test('never asks an address that is not allowed', async () => {
    await expect(fetchFrom('/document', { requireHttps: true })).rejects.toThrow('is not https:')
    expect(issuer.requests).toEqual([])
  })
})

describe('addressFault', () => {
  test.each([
    ['https', 'https://a.test', true, undefined],
    ['https where http would do', 'https://a.test', false, undefined],
    ['http where that is allowed', 'http://a.test', false, undefined],
    ['http', 'http://a.test', true, 'is not https:'],
    ['a file', 'file:///etc/passwd', false, 'is neither https: nor http:'],
    ['data', 'data:application/json,{}', false, 'is neither https: nor http:'],
    ['no URL', 'a.test', false, 'is not a URL'],
    ['a user name', 'https://me@a.test', true, 'holds a user name or password'],
    ['a password', 'https://:secret@a.test', true, 'holds a user name or password'],
  ])('says what it thinks of %s', (_what, address, requireHttps, fault) => {
    expect(addressFault(address, requireHttps) ?? '').not.toContain('secret')
    if (fault === undefined) expect(addressFault(address, requireHttps)).toBeUndefined()
    else expect(addressFault(address, requireHttps)).toContain(fault)
  })
})
