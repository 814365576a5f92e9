import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../support/ask.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const token = await issuer.token({ sub: 'alice' })

describe('the channels of answers', () => {
  const messages: unknown[] = []
  const note = (message: unknown, channel: string | symbol) => messages.push([channel, message])
  const channels = ['express-jwt-bearer:challenged', 'express-jwt-bearer:forbidden']

  beforeEach(() => {
    messages.length = 0
    for (const channel of channels) subscribe(channel, note)
  })

  afterEach(() => {
    for (const channel of channels) unsubscribe(channel, note)
  })

  test.each([
    ['nobody', undefined, 'ERR_AUTHENTICATION_REQUIRED'],
    ['a bad token', 'Bearer nonsense', 'ERR_TOKEN_MALFORMED'],
    ['a malformed header', 'Bearer a b', 'ERR_BEARER_REQUEST_INVALID'],
  ])('tell that %s was challenged', async (_who, authorization, code) => {
    await ask(issuer.options, authorization)
    expect(messages).toEqual([['express-jwt-bearer:challenged', { scheme: 'Bearer', code }]])
  })

  test('tell that a known caller was refused, and what was missing', async () => {
    await ask(issuer.options, `Bearer ${token}`, { roles: 'Admin' })
    expect(messages).toEqual([
      ['express-jwt-bearer:forbidden', { scheme: 'Bearer', failedRequirements: ['requireRole'] }],
    ])
  })

  test('tell that a known caller has to sign in again', async () => {
    await ask(issuer.options, `Bearer ${token}`, (policy) => policy.requireAcr('gold'))
    const code = 'ERR_INSUFFICIENT_USER_AUTHENTICATION'
    expect(messages).toEqual([['express-jwt-bearer:challenged', { scheme: 'Bearer', code }]])
  })

  test('stay silent when a caller passes', async () => {
    await ask(issuer.options, `Bearer ${token}`)
    expect(messages).toEqual([])
  })
})

describe('the channels of authentication', () => {
  const messages: unknown[] = []
  const note = (message: unknown, channel: string | symbol) => messages.push([channel, message])
  const channels = ['express-jwt-bearer:authenticated', 'express-jwt-bearer:failed']

  beforeEach(() => {
    messages.length = 0
    for (const channel of channels) subscribe(channel, note)
  })

  afterEach(() => {
    for (const channel of channels) unsubscribe(channel, note)
  })

  test.each<[who: string, authorization: string | undefined, expected: unknown[]]>([
    ['a caller', `Bearer ${token}`, [['express-jwt-bearer:authenticated', { scheme: 'Bearer' }]]],
    [
      'a bad token',
      'Bearer nonsense',
      [['express-jwt-bearer:failed', { scheme: 'Bearer', code: 'ERR_TOKEN_MALFORMED' }]],
    ],
    ['nobody', undefined, []],
  ])('tell of %s once', async (_who, authorization, expected) => {
    await ask(issuer.options, authorization)
    expect(messages).toEqual(expected)
  })

  test('name no code where an error of the app has none', async () => {
    const onMessageReceived = () => {
      throw new Error('out of order')
    }
    await ask({ ...issuer.options, events: { onMessageReceived } }, undefined)
    expect(messages).toEqual([['express-jwt-bearer:failed', { scheme: 'Bearer', code: undefined }]])
  })
})
