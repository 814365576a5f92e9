import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  demoUser,
  startUnifiedSignIn,
  type RunningExample,
} from '../../examples/unified-sign-in/start.js'
import { acceptedReturnUrls, refusedReturnUrls } from '../support/return-urls.js'
import { endOfExample, startExample } from '../support/start-example.js'

const main = 'unified-sign-in/server.ts'
const startTime = 30_000

let example: RunningExample

beforeAll(async () => {
  example = await startUnifiedSignIn()
}, startTime)

afterAll(() => example.close())

function post(path: string, body: BodyInit, headers: Record<string, string> = {}) {
  return fetch(example.url + path, { method: 'POST', body, headers, redirect: 'manual' })
}

const json = { 'Content-Type': 'application/json' }
const { email, password } = demoUser

async function signIn(url = example.url) {
  const response = await fetch(`${url}/tokens/create`, {
    method: 'POST',
    body: JSON.stringify({ email, password }),
    headers: json,
  })
  const tokens = (await response.json()) as { expiresIn: number }
  return { tokens, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

// The values that a form or a query can hold.
const refused = refusedReturnUrls
  .map(([, value]) => value)
  .filter((value) => typeof value === 'string' || Array.isArray(value)) as (string | string[])[]
const accepted = acceptedReturnUrls.map(([, value]) => value)

function fields(name: string, value: string | string[], more: Record<string, string> = {}) {
  const all = new URLSearchParams(more)
  for (const one of [value].flat()) all.append(name, one)
  return all
}

describe('the unified sign-in example, on the wire', () => {
  test.each(['ReturnUrl', 'returnUrl', 'returnurl'])(
    'goes from the form to where %s says, and never to another site',
    async (name) => {
      const target = async (value: string | string[]) => {
        const response = await post('/login', fields(name, value, { email, password }))
        return [value, response.status, response.headers.get('location')]
      }
      for (const value of [...refused.slice(0, 12), ...refused.slice(-10)]) {
        expect(await target(value)).toEqual([value, 303, '/'])
      }
      expect(await target('/weather?q=1#c')).toEqual(['/weather?q=1#c', 303, '/weather?q=1#c'])
    },
    startTime,
  )

  test.each(['ReturnUrl', 'returnUrl', 'RETURNURL'])(
    'writes only local addresses of %s into the login page',
    async (name) => {
      const shown = async (query: URLSearchParams) => {
        const html = await (await fetch(`${example.url}/login?${query.toString()}`)).text()
        const data = /id="page-data">(.*?)<\/script>/.exec(html)?.[1] ?? ''
        return (JSON.parse(data) as { returnUrl: string }).returnUrl
      }
      for (const value of refused) expect([value, await shown(fields(name, value))][1]).toBe('/')
      for (const value of accepted) expect(await shown(fields(name, value))).toBe(value)
      const twice = fields(name, '/weather', { returnURL: '/weather' })
      expect(await shown(twice), 'two spellings at once').toBe('/')
      expect(await shown(fields(`${name}[]`, '//evil.com'))).toBe('/')
      expect(await shown(fields(`${name}[x]`, '//evil.com'))).toBe('/')
    },
  )

  test.each([
    ['JSON that ends too soon', '{', json, 400],
    ['a body that is too large', JSON.stringify({ email: 'a'.repeat(200_000) }), json, 413],
    ['a body in an unknown encoding', 'x', { ...json, 'Content-Encoding': 'x' }, 415],
  ])(
    'answers %s privately, a page to people and JSON to programs',
    async (_case, body, headers, status) => {
      const { cookie } = await signIn()
      for (const [path, type] of [
        ['/login', 'text/html'],
        ['/tokens/create', 'application/problem+json'],
        ['/tokens/refresh', 'application/problem+json'],
        ['/api/weather', 'application/problem+json'],
      ] as const) {
        const response = await post(path, body, { ...headers, Cookie: cookie })
        expect([path, response.status]).toEqual([path, status])
        expect(response.headers.get('content-type')).toContain(type)
        expect(response.headers.get('cache-control')).toBe('private, no-store')
        expect(response.headers.get('vary')).toContain('Cookie')
        expect(await response.text()).not.toContain('node_modules')
      }
    },
  )

  test.each(['/api/nothing', '/tokens/create', '/tokens/nothing', '/me/nothing'])(
    'has no page at %s',
    async (path) => {
      const response = await fetch(example.url + path, { headers: { Accept: 'text/html' } })
      expect(response.status).toBe(404)
      expect(response.headers.get('content-type')).toContain('application/problem+json')
    },
  )

  test('puts no refresh token into any page or answer', async () => {
    const { cookie } = await signIn()
    const headers = { Cookie: cookie }
    const answers = await Promise.all([
      ...['/', '/login', '/weather', '/api/weather', '/me', '/nothing'].map((path) =>
        fetch(example.url + path, { headers }),
      ),
      post('/tokens/refresh', '{}', { ...headers, ...json }),
      post('/tokens/create', JSON.stringify({ email, password }), { ...headers, ...json }),
    ])
    for (const answer of answers) {
      const all = JSON.stringify([...answer.headers]) + (await answer.text())
      expect(all).not.toMatch(/refresh_?token|[\w-]{22}\.[\w-]{43}(?![\w-])/i)
    }
  })
})

describe('npm run example:unified-sign-in', () => {
  test('lets access tokens live for as long as it is told', { timeout: startTime }, async () => {
    const running = await startExample(main, {
      lastWords: 'Stop with',
      env: { ACCESS_TOKEN_LIFETIME: '2' },
    })
    const { url } = running
    expect(running.output()).toContain(`Users: ${email} with the password ${password}`)
    const { tokens, cookie } = await signIn(url)
    expect(tokens.expiresIn).toBeLessThanOrEqual(2)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const response = await fetch(`${url}/weather`, { headers: { Cookie: cookie } })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Demo Person')
    expect(running.output()).not.toContain('eyJ')
    await running.stop()
  })

  test.each([
    ['PORT', { PORT: 'http' }, 'PORT must be a number from 0 to 65535, got "http"\n'],
    [
      'ACCESS_TOKEN_LIFETIME',
      { ACCESS_TOKEN_LIFETIME: '0' },
      'ACCESS_TOKEN_LIFETIME must be a number from 1 to 86400, got "0"\n',
    ],
  ])('refuses a wrong %s', { timeout: startTime }, async (_name, env, message) => {
    const { PORT = '0', ...more } = env as Record<string, string>
    const { code, output } = await endOfExample(main, PORT, more)
    expect([code, output]).toEqual([1, message])
  })

  test('says that its port is taken', { timeout: startTime }, async () => {
    const { port } = new URL(example.url)
    const { code, output } = await endOfExample(main, port)
    expect(code).toBe(1)
    expect(output).toContain(
      `Port ${port} is taken. Stop the program that uses it, or set PORT to another one`,
    )
  })
})
