import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { readChallenges } from '../../src/cli/discover/challenges.js'
import { runCli } from '../support/run-cli.js'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

type Route = (request: IncomingMessage, response: ServerResponse) => void

const cors = { 'Access-Control-Allow-Origin': '*' }

const json =
  (document: unknown, headers: Record<string, string> = cors): Route =>
  (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', ...headers })
    response.end(JSON.stringify(document))
  }

const status =
  (code: number, headers: Record<string, string> = {}): Route =>
  (_, response) => {
    response.writeHead(code, headers).end()
  }

/** An API at `/mcp` and its authorization server at `/as`, as they should be but for what a test changes. */
async function startApi(change: (base: string) => Record<string, Route | undefined> = () => ({})) {
  const seen: IncomingMessage[] = []
  let routes: Record<string, Route | undefined> = {}
  server = createServer((request, response) => {
    seen.push(request)
    const route = routes[request.url ?? ''] ?? status(404)
    route(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = `${base}/.well-known/oauth-protected-resource/mcp`
  const document = { resource: `${base}/mcp`, authorization_servers: [`${base}/as`] }
  routes = {
    '/mcp': status(401, {
      ...cors,
      'Access-Control-Expose-Headers': 'WWW-Authenticate',
      'WWW-Authenticate': `Bearer scope="mcp.use", resource_metadata="${metadata}"`,
    }),
    '/.well-known/oauth-protected-resource/mcp': json(document),
    '/.well-known/oauth-protected-resource': json(document),
    '/.well-known/oauth-authorization-server/as': json({
      issuer: `${base}/as`,
      code_challenge_methods_supported: ['S256'],
      registration_endpoint: `${base}/as/reg`,
      client_id_metadata_document_supported: true,
    }),
    ...change(base),
  }
  return { base, url: `${base}/mcp`, seen }
}

interface Found {
  steps: { name: string; ok: boolean; status: number | null; detail: string }[]
  works: string[]
  fails: { client: string; reason: string }[]
  warnings: string[]
}

async function discover(url: string) {
  const run = await runCli(['discover', url, '--json'])
  return { ...run, found: run.code < 2 ? (run.json() as unknown as Found) : undefined }
}

describe('discover', () => {
  test('finds the way of every client where all is right', async () => {
    const { url } = await startApi()
    const { code, found } = await discover(url)
    expect(code).toBe(0)
    expect(found).toMatchObject({ fails: [], warnings: [] })
    expect(found?.works).toHaveLength(5)
    expect(found?.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['request without token', true],
      ['resource_metadata', true],
      ['path-inserted', true],
      ['root', true],
      ['authorization server', true],
    ])
  })

  test('says it in words, each step with its status', async () => {
    const { url } = await startApi()
    const { out, notes } = await runCli(['discover', url])
    expect(out).toContain(`✓ request without token  401  ${url}  Bearer scope="mcp.use"`)
    expect(out).toContain('registration_endpoint; client_id_metadata_document_supported')
    expect(out).toMatch(
      /works for: MCP TypeScript SDK and Inspector, VS Code, .*\nfails for: nobody$/,
    )
    expect(notes).toBe('')
  })

  test('sends no credentials and follows no redirect', async () => {
    const { url, seen, base } = await startApi(() => ({
      '/.well-known/oauth-protected-resource/mcp': status(302, { Location: '/moved' }),
      '/moved': json({ resource: 'x' }),
    }))
    const { code } = await discover(url)
    expect(code).toBe(1)
    expect(seen.map(({ url: path }) => path)).not.toContain('/moved')
    expect(seen.flatMap(({ headers }) => [headers.authorization, headers.cookie])).toEqual(
      seen.flatMap(() => [undefined, undefined]),
    )
    expect(base).toContain('127.0.0.1')
  })

  test.each<[string, (base: string) => Record<string, Route | undefined>, string[]]>([
    [
      'a resource on another path',
      (base) => {
        const document = { resource: `${base}/other`, authorization_servers: [`${base}/as`] }
        return {
          '/.well-known/oauth-protected-resource/mcp': json(document),
          '/.well-known/oauth-protected-resource': json(document),
        }
      },
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'a resource that is a prefix',
      (base) => {
        const document = { resource: base, authorization_servers: [`${base}/as`] }
        return {
          '/.well-known/oauth-protected-resource/mcp': json(document),
          '/.well-known/oauth-protected-resource': json({ ...document, resource: `${base}/mcp` }),
        }
      },
      ['VS Code', 'Gemini CLI and Grok Build'],
    ],
    [
      'no document anywhere',
      () => ({
        '/.well-known/oauth-protected-resource/mcp': undefined,
        '/.well-known/oauth-protected-resource': undefined,
      }),
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'a challenge without resource_metadata',
      () => ({ '/mcp': status(401, { 'WWW-Authenticate': 'Bearer' }) }),
      ['Claude Code'],
    ],
    [
      'a challenge whose resource_metadata is no URL',
      () => ({ '/mcp': status(401, { 'WWW-Authenticate': 'Bearer resource_metadata="x"' }) }),
      ['Claude Code'],
    ],
    [
      'an API that answers 200 without a token',
      () => ({ '/mcp': status(200) }),
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'an authorization server that names another issuer',
      (base) => ({
        '/.well-known/oauth-authorization-server/as': json({
          issuer: `${base}/other`,
          code_challenge_methods_supported: ['S256'],
        }),
      }),
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'an authorization server without PKCE',
      (base) => ({
        '/.well-known/oauth-authorization-server/as': json({ issuer: `${base}/as` }),
      }),
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'a document that names no authorization server',
      (base) => {
        const document = { resource: `${base}/mcp` }
        return {
          '/.well-known/oauth-protected-resource/mcp': json(document),
          '/.well-known/oauth-protected-resource': json(document),
        }
      },
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
    [
      'authorization servers that are no URLs, or no text',
      (base) => {
        const document = { resource: `${base}/mcp`, authorization_servers: ['idp', 5] }
        return {
          '/.well-known/oauth-protected-resource/mcp': json(document),
          '/.well-known/oauth-protected-resource': json(document),
        }
      },
      [
        'MCP TypeScript SDK and Inspector',
        'VS Code',
        'claude.ai',
        'Claude Code',
        'Gemini CLI and Grok Build',
      ],
    ],
  ])('names whom %s keeps out', async (_, change, clients) => {
    const { url } = await startApi(change)
    const { code, found } = await discover(url)
    expect(code).toBe(1)
    expect(found?.fails.map(({ client }) => client)).toEqual(clients)
  })

  test.each<[string, Route]>([
    ['a list', json([])],
    ['null', json(null)],
    ['no JSON', (_, response) => response.end('<html>')],
    ['nothing', status(204)],
  ])('counts %s as no document', async (_, answer) => {
    const { url } = await startApi(() => ({
      '/.well-known/oauth-protected-resource/mcp': answer,
      '/.well-known/oauth-protected-resource': answer,
    }))
    const { code, found } = await discover(url)
    expect(code).toBe(1)
    expect(found?.steps.slice(1).map(({ ok, detail }) => [ok, detail])).toEqual(
      Array(3).fill([false, 'no document']),
    )
  })

  test('goes on where an address does not answer', async () => {
    const { url } = await startApi(() => ({
      '/mcp': status(401, { 'WWW-Authenticate': 'Bearer resource_metadata="http://127.0.0.1:1"' }),
    }))
    const { found } = await discover(url)
    expect(found?.steps[1]).toMatchObject({ name: 'resource_metadata', status: null, ok: false })
    expect(found?.fails.map(({ client }) => client)).toEqual(['Claude Code'])
  })

  test('takes the metadata of an authorization server from OpenID Connect where OAuth has none', async () => {
    const { url } = await startApi((base) => ({
      '/.well-known/oauth-authorization-server/as': undefined,
      '/as/.well-known/openid-configuration': json({
        issuer: `${base}/as`,
        code_challenge_methods_supported: ['S256'],
      }),
    }))
    expect((await discover(url)).code).toBe(0)
  })

  test('takes an authorization server at the root of its host', async () => {
    const { url } = await startApi((base) => {
      const document = { resource: `${base}/mcp`, authorization_servers: [base] }
      return {
        '/.well-known/oauth-protected-resource/mcp': json(document),
        '/.well-known/openid-configuration': json({
          issuer: base,
          code_challenge_methods_supported: ['S256'],
        }),
      }
    })
    expect((await discover(url)).code).toBe(0)
  })

  test('counts a resource that differs by the slash of a root as the same', async () => {
    const { base } = await startApi((at) => ({
      '/': status(401, {
        'WWW-Authenticate': `Bearer resource_metadata="${at}/.well-known/oauth-protected-resource"`,
      }),
      '/.well-known/oauth-protected-resource': json({
        resource: at,
        authorization_servers: [`${at}/as`],
      }),
    }))
    expect((await discover(base)).code).toBe(0)
  })

  test('asks with POST where the API knows no GET', async () => {
    const { url, seen } = await startApi((base) => ({
      '/mcp': (request, response) => {
        const headers = {
          'WWW-Authenticate': `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`,
        }
        response.writeHead(request.method === 'POST' ? 401 : 405, headers).end()
      },
    }))
    expect((await discover(url)).code).toBe(0)
    expect(seen.slice(0, 2).map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test('keeps the first answer where a POST is not refused either', async () => {
    const { base } = await startApi()
    const { code, found } = await discover(`${base}/nowhere`)
    expect([code, found?.steps[0]?.status]).toEqual([1, 404])
  })

  test('warns of missing CORS headers, which only browsers need', async () => {
    const { url } = await startApi((base) => {
      const document = { resource: `${base}/mcp`, authorization_servers: [`${base}/as`] }
      return { '/.well-known/oauth-protected-resource/mcp': json(document, {}) }
    })
    const { code, found } = await discover(url)
    expect(code).toBe(0)
    expect(found?.warnings).toHaveLength(2)
    const { out } = await runCli(['discover', url])
    expect(out).toContain('! http://127.0.0.1')
  })

  test('warns where a challenge is hidden from browsers', async () => {
    const { url } = await startApi((base) => ({
      '/mcp': status(401, {
        ...cors,
        'WWW-Authenticate': `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`,
      }),
    }))
    const { code, found } = await discover(url)
    expect(code).toBe(0)
    expect(found?.warnings).toEqual([expect.stringContaining('does not expose WWW-Authenticate')])
  })

  test.each<[string, (base: string) => Record<string, Route>]>([
    ['a 5xx', () => ({ '/mcp': status(502) })],
    ['a connection that breaks', () => ({ '/mcp': (request) => request.socket.destroy() })],
  ])('answers %s with exit code 3', async (_, change) => {
    const { url } = await startApi(change)
    const { code, out, notes } = await runCli(['discover', url])
    expect([code, out]).toEqual([3, ''])
    expect(notes).toMatch(/answers 502|does not answer/)
  })

  test.each<[string, string[]]>([
    ['no URL', []],
    ['a path', ['/mcp']],
    ['another scheme', ['ftp://x.example']],
    ['a user name', ['https://u:hush@x.example']],
  ])('answers %s with exit code 2', async (_, words) => {
    const { code, notes } = await runCli(['discover', ...words])
    expect(code).toBe(2)
    expect(notes).not.toContain('hush')
  })
})

describe('readChallenges', () => {
  test.each<[string, string | null, unknown]>([
    ['nothing', null, []],
    ['a scheme alone', 'Bearer', [['Bearer', {}]]],
    ['a scheme with parameters', 'Bearer a="1", b=2', [['Bearer', { a: '1', b: '2' }]]],
    [
      'two in one line',
      'Bearer, DPoP algs="ES256 PS256", error="x"',
      [
        ['Bearer', {}],
        ['DPoP', { algs: 'ES256 PS256', error: 'x' }],
      ],
    ],
    [
      'a quoted comma and an escaped quote',
      'Bearer a="1, \\"2", B="3"',
      [['Bearer', { a: '1, "2', b: '3' }]],
    ],
  ])('reads %s', (_, header, expected) => {
    const found = readChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ])
    expect(found).toEqual(expected)
  })
})
