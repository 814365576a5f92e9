import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { endOfExample, startExample, type RunningExample } from '../support/start-example.js'

const startTime = 30_000

function useExample(file: string, lastWords?: string): RunningExample {
  let example: RunningExample
  beforeAll(async () => {
    example = await startExample(file, lastWords === undefined ? {} : { lastWords })
  }, startTime)
  afterAll(() => example.stop())
  return {
    get url() {
      return example.url
    },
    output: () => example.output(),
    stop: () => example.stop(),
  }
}

async function tokenFrom(url: string, claims?: object): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(claims ?? {}),
  })
  return response.text()
}

function call(url: string, token?: string): Promise<Response> {
  return fetch(url, token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } })
}

function keepsTokensOut(example: RunningExample) {
  test('prints no token', () => {
    expect(example.output()).not.toContain('eyJ')
  })
}

describe('playground', () => {
  const playground = useExample('playground/server.ts', 'Stop with')
  const printed = () => [
    ...playground.output().matchAll(/^# (?<status>\d+): .+\n(?<line>curl .+)$/gm),
  ]

  test('prints curl lines for 200, 401 and 403', () => {
    const statuses = printed().map((match) => match.groups?.['status'])
    expect(new Set(statuses)).toEqual(new Set(['200', '401', '403']))
    expect(printed()).toHaveLength((playground.output().match(/curl /g) ?? []).length)
    expect(playground.output()).toContain('They carry demo tokens')
  })

  test('answers each printed curl line with the status above it', async () => {
    const answers = await Promise.all(
      printed().map(async (match) => {
        const { status, line = '' } = match.groups ?? {}
        const token = / -H "Authorization: Bearer (?<token>[^"]+)"/.exec(line)?.groups?.['token']
        const response = await fetch(line.slice(line.lastIndexOf(' ') + 1), {
          method: / -X (?<method>\w+)/.exec(line)?.groups?.['method'] ?? 'GET',
          headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
        })
        return [status, String(response.status)]
      }),
    )
    expect(answers.map(([, actual]) => actual)).toEqual(answers.map(([expected]) => expected))
  })

  test('keeps to a strict content security policy', async () => {
    const response = await call(playground.url)
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
    expect(policy).not.toContain('unsafe')
  })

  test('answers an unknown caller, path and broken address without details', async () => {
    for (const path of ['/demo/tokens/__proto__', '/nowhere', '/api/orders/7'])
      expect((await call(playground.url + path)).status).toBe(404)
    const broken = await call(`${playground.url}/demo/tokens/%E0%A4%A`)
    expect(broken.status).toBe(400)
    expect(await broken.text()).not.toContain('node_modules')
  })

  test('signs and proves nothing but what it can', async () => {
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${playground.url}/demo/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      return response.status
    }
    expect(await post('tokens', { sub: 'rita' })).toBe(200)
    expect(await post('tokens', ['rita'])).toBe(400)
    expect(await post('proofs', { token: 'x', method: 'GET', path: '/api/me' })).toBe(200)
    for (const body of [{}, { token: 'x', method: 'GET', path: '@elsewhere.example/' }, [1]])
      expect(await post('proofs', body)).toBe(400)
  })

  test('serves the guides and nothing else of their folder', async () => {
    for (const path of ['README.md', 'policies.md', 'dpop/README.md'])
      expect((await call(`${playground.url}/guides/${path}`)).status).toBe(200)
    for (const path of ['run.js', 'nowhere.md', '..%2fREADME.md', 'playground/app.ts'])
      expect((await call(`${playground.url}/guides/${path}`)).status).toBe(404)
  })

  test('says so when its port is taken', { timeout: startTime }, async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, output } = await endOfExample('playground/server.ts', String(port))
    other.close()
    expect(code).toBe(1)
    expect(output).toBe(
      `Port ${port} is taken. Stop the program that uses it, or set PORT to another one, such as PORT=3000.\n`,
    )
  })

  test.each(['http', '-1', '65536', ' '])(
    'refuses %j as a port',
    { timeout: startTime },
    async (port) => {
      const { code, output } = await endOfExample('playground/server.ts', port)
      expect(code).toBe(1)
      expect(output).toBe(`PORT must be a number from 0 to 65535, got "${port}"\n`)
    },
  )
})

describe('cookie-login', () => {
  const example = useExample('cookie-login.ts')

  async function logIn(returnUrl: string) {
    const response = await fetch(`${example.url}/login?ReturnUrl=${returnUrl}`, {
      method: 'POST',
      body: new URLSearchParams({ name: 'alice', password: 'wonderland' }),
      redirect: 'manual',
    })
    const [cookie = ''] = response.headers.getSetCookie()
    return { cookie, location: response.headers.get('location') }
  }

  test('sends a caller without a cookie to the login page and knows the way back', async () => {
    const response = await fetch(`${example.url}/?page=2`, { redirect: 'manual' })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('/login?ReturnUrl=%2F%3Fpage%3D2')
    expect((await fetch(`${example.url}/?page=2`)).url).toContain('/login')
  })

  test('knows the caller by the cookie that the login page set', async () => {
    const { cookie, location } = await logIn('%2F%3Fpage%3D2')
    expect(location).toBe('/?page=2')
    expect(cookie).toMatch(/^auth=.+; Max-Age=3600; Path=\/; Expires=.+; HttpOnly; SameSite=Lax$/)
    const response = await fetch(example.url, { headers: { Cookie: cookie.split(';')[0] ?? '' } })
    expect(await response.json()).toEqual({ hello: 'alice' })
  })

  test.each([
    ['a wrong password', { name: 'alice', password: 'builder' }],
    ['an unknown name', { name: 'constructor', password: 'wonderland' }],
    ['no password', { name: 'alice' }],
    ['nothing', {}],
  ])('gives no cookie for %s, and shows the form again', async (_case, form) => {
    const response = await fetch(`${example.url}/login`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.text()).toContain('role="alert">The name or the password is wrong.')
  })

  test('shows a hostile name as text, under a strict policy', async () => {
    const response = await fetch(`${example.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ name: '"><script>alert(1)</script>', password: 'x' }),
    })
    expect(await response.text()).not.toContain('<script')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'; style-src 'self'; /)
    expect(policy).not.toContain('unsafe')
  })

  test.each(['/login', '/logout'])(
    'refuses a form for %s that another site sends',
    async (path) => {
      const response = await fetch(example.url + path, {
        method: 'POST',
        headers: { Origin: 'https://evil.example' },
        body: new URLSearchParams({ name: 'alice', password: 'wonderland' }),
      })
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
    },
  )

  test('sends a caller with a forged cookie to the login page', async () => {
    const response = await fetch(example.url, {
      headers: { Cookie: 'auth=forged' },
      redirect: 'manual',
    })
    expect(response.status).toBe(302)
  })

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/.//evil.example', ''])(
    'never returns to another site: %j',
    async (returnUrl) => {
      const { location } = await logIn(encodeURIComponent(returnUrl))
      expect(location).toBe('/')
    },
  )

  keepsTokensOut(example)
})

describe('websocket', () => {
  const example = useExample('websocket/server.ts')
  const token = async () => (await call(`${example.url}/demo-token`)).text()

  function open(headers: Record<string, string>): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(example.url.replace('http', 'ws'), { headers })
      socket.on('error', reject)
      socket.on('unexpected-response', (_request, response) => {
        const challenge = response.headers['www-authenticate'] ?? 'no challenge'
        resolve(`${String(response.statusCode)} ${challenge}`)
        socket.terminate()
      })
      socket.on('message', (data: Buffer) => {
        resolve(data.toString())
        socket.close()
      })
    })
  }

  test('opens a socket for a caller with the scope', async () => {
    expect(await open({ Authorization: `Bearer ${await token()}` })).toBe('Hello, alice')
  })

  test.each([
    ['without a token', {}, '401 Bearer'],
    ['with a bad one', { Authorization: 'Bearer a.b.c' }, '401 Bearer error="invalid_token"'],
    ['with two', { Authorization: 'Bearer a, b' }, '400 Bearer error="invalid_request"'],
  ])('refuses a socket %s', async (_case, headers, answer) => {
    expect(await open(headers as Record<string, string>)).toBe(answer)
  })

  test('guards a plain HTTP server', async () => {
    expect(await (await call(example.url, await token())).text()).toBe('Hello, alice')
    const refused = await call(example.url)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
  })

  keepsTokensOut(example)
})

describe('policies', () => {
  const example = useExample('policies.ts')

  test.each([
    ['a role', '/admin', { roles: ['Admin'] }, { roles: ['admin'] }],
    [
      'one of two roles and a claim',
      '/answers',
      { roles: 'Support', email_verified: true },
      { roles: 'Support', email_verified: false },
    ],
    [
      'a requirement of its own',
      '/refunds',
      { roles: 'Support', shift: 'day' },
      { roles: 'Support', shift: 'night' },
    ],
    ['an assertion', '/wine', { age: 18 }, { age: 17 }],
    [
      'several policies',
      '/exports',
      { scope: 'orders.read', roles: 'Admin' },
      { scope: 'orders.read' },
    ],
  ])('asks for %s', async (_case, path, enough, tooLittle) => {
    const demoToken = `${example.url}/demo-token`
    const response = await call(example.url + path, await tokenFrom(demoToken, enough))
    expect(response.status).toBe(200)
    const refused = await call(example.url + path, await tokenFrom(demoToken, tooLittle))
    expect(refused.status).toBe(403)
  })

  test('shows an order to its owner alone', async () => {
    const alice = { sub: 'alice', scope: 'orders.read' }
    const token = await tokenFrom(`${example.url}/demo-token`, alice)
    const own = await call(`${example.url}/orders/1`, token)
    expect(await own.json()).toEqual({ id: 1, owner: 'alice' })
    for (const other of [2, 3])
      expect((await call(`${example.url}/orders/${other}`, token)).status).toBe(404)
  })

  keepsTokensOut(example)
})

describe('several-schemes', () => {
  const example = useExample('several-schemes.ts')
  const admin = { sub: 'ada', roles: ['Admin'] }

  test('serves callers of either issuer and tells them apart', async () => {
    for (const scheme of ['Staff', 'Partner']) {
      const token = await tokenFrom(`${example.url}/${scheme.toLowerCase()}/demo-token`, admin)
      const response = await call(`${example.url}/catalogue`, token)
      expect(await response.json()).toEqual({ for: 'ada', scheme })
    }
  })

  test('keeps a route for one of them, whatever the other says of its callers', async () => {
    const staff = await tokenFrom(`${example.url}/staff/demo-token`, admin)
    const partner = await tokenFrom(`${example.url}/partner/demo-token`, admin)
    expect((await call(`${example.url}/payroll`, staff)).status).toBe(200)
    expect((await call(`${example.url}/payroll`, partner)).status).toBe(401)
  })

  keepsTokensOut(example)
})

describe('custom-errors', () => {
  const example = useExample('custom-errors.ts')

  test.each([
    ['without a token', undefined, 401, 'ERR_AUTHENTICATION_REQUIRED'],
    ['with a bad one', 'a.b.c', 401, 'ERR_TOKEN_MALFORMED'],
    ['with a malformed header', 'a, b', 400, 'ERR_BEARER_REQUEST_INVALID'],
  ])('answers a caller %s with a problem', async (_case, token, status, code) => {
    const response = await call(`${example.url}/orders`, token)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(await response.json()).toEqual({ title: expect.any(String) as string, status, code })
  })

  test('answers a caller who falls short with a problem', async () => {
    const token = await tokenFrom(`${example.url}/demo-token`)
    const response = await call(`${example.url}/orders`, token)
    expect(await response.json()).toEqual({
      title: 'Forbidden',
      status: 403,
      code: 'ERR_FORBIDDEN',
    })
  })

  test('keeps the details of a fault to itself', async () => {
    const response = await call(`${example.url}/broken`)
    expect(await response.json()).toEqual({ title: 'Something went wrong here', status: 500 })
  })

  keepsTokensOut(example)
})

describe('testing', () => {
  const example = useExample('testing/server.ts')

  test('lists the orders for a reader', async () => {
    const token = await tokenFrom(`${example.url}/demo-token`, { scope: 'orders.read' })
    expect((await call(`${example.url}/orders`, token)).status).toBe(200)
    expect((await call(`${example.url}/orders`)).status).toBe(401)
  })

  keepsTokensOut(example)
})
