import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startExample, type RunningExample } from '../support/start-example.js'

let example: RunningExample

beforeAll(async () => {
  example = await startExample('step-up', { lastWords: 'Stop with' })
})

afterAll(() => example.stop())

const level =
  'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", scope="pay", acr_values="gold platinum"'

describe('step-up', () => {
  test('prints what each caller is told to do', () => {
    const lines = example
      .output()
      .split('\n')
      .map((line) => line.replace(/ with .*: /, ': ').trim())
    const users = lines.findIndex((line) => line.startsWith('Users: '))
    expect(lines.slice(1, users)).toEqual([
      'GET /balance: 200',
      'POST /payments: 401',
      `WWW-Authenticate: ${level}`,
      'POST /payments: 401',
      `WWW-Authenticate: ${level}`,
      'POST /payments: 403',
      'WWW-Authenticate: Bearer error="insufficient_scope", scope="pay"',
      'POST /payments: 200',
      'DELETE /account: 401',
      'WWW-Authenticate: Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="300"',
      'DELETE /account: 200',
    ])
  })

  test('goes on answering, for tokens with other claims', async () => {
    const answer = await fetch(`${example.url}/demo-token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ acr: 'gold', scope: 'pay' }),
    })
    const headers = { Authorization: `Bearer ${await answer.text()}` }
    expect((await fetch(`${example.url}/payments`, { method: 'POST', headers })).status).toBe(200)
  })

  test('prints no token', () => {
    expect(example.output()).not.toContain('eyJ')
  })
})
