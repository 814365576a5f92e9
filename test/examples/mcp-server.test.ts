import * as v2 from '@modelcontextprotocol/client'
import * as oauth1 from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Agent } from '../../examples/mcp-server/agent.js'
import { createPerson } from '../../examples/mcp-server/person.js'
import { signInPage } from '../../examples/mcp-server/sign-in-page.js'
import { start } from '../../examples/mcp-server/start.js'
import { tokenForAgent } from '../support/agent-token.js'
import { startExample } from '../support/start-example.js'

const otherApi = 'https://other.example/api'
let server: Awaited<ReturnType<typeof start>>

beforeAll(async () => {
  // The provider says on the console that it was made for a newer Node, and keeps nothing.
  vi.spyOn(console, 'warn').mockReturnValue()
  vi.spyOn(console, 'log').mockReturnValue()
  vi.stubEnv('PORT', '0')
  server = await start([otherApi])
})

afterAll(async () => {
  await server.stop()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

interface Connection {
  connect(): Promise<void>
  call(name: string, input?: Record<string, unknown>): Promise<string>
  tools(): Promise<string[]>
  finish(callback: URLSearchParams): Promise<void>
  /** Whether an error says that the user was asked. */
  wasAsked(error: unknown): boolean
  close(): Promise<void>
}

const textOf = (result: object) =>
  (result as { content: { text?: string }[] }).content.map(({ text }) => text).join()

// What the clients have asked and not heard of yet: they open a stream by themselves.
const pending = new Set<Promise<unknown>>()

function tracked({ fetch: send }: Agent): typeof send {
  return (...request) => {
    const answer = send(...request)
    pending.add(answer)
    return answer.finally(() => pending.delete(answer))
  }
}

const info = { name: 'test', version: '1.0.0' }

function first(url: URL, agent: Agent): Connection {
  const client = new Client(info)
  const open = () =>
    new StreamableHTTPClientTransport(url, { authProvider: agent, fetch: tracked(agent) })
  let transport = open()
  return {
    connect: () => client.connect(transport),
    call: async (name, input = {}) => textOf(await client.callTool({ name, arguments: input })),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    finish: async (callback) => {
      await transport.finishAuth(callback.get('code') ?? '')
      if (client.getServerVersion() === undefined) transport = open()
    },
    wasAsked: (error) => error instanceof oauth1.UnauthorizedError,
    close: () => client.close(),
  }
}

function second(url: URL, agent: Agent): Connection {
  const client = new v2.Client(info)
  const open = () =>
    new v2.StreamableHTTPClientTransport(url, { authProvider: agent, fetch: tracked(agent) })
  let transport = open()
  return {
    connect: () => client.connect(transport),
    call: async (name, input = {}) => textOf(await client.callTool({ name, arguments: input })),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    finish: async (callback) => {
      await transport.finishAuth(callback)
      if (client.getServerVersion() === undefined) transport = open()
    },
    wasAsked: (error) => error instanceof v2.UnauthorizedError,
    close: () => client.close(),
  }
}

describe.each([
  ['1.x', first],
  ['2.x', second],
])('the client of the %s SDK', (_generation, open) => {
  let agent: Agent
  let connection: Connection

  // The user is asked, comes back, and the same is tried again: once.
  async function twice<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (!connection.wasAsked(error)) throw error
      await connection.finish(agent.takeCallback())
      return act()
    }
  }

  async function connected(signedIn: 'now' | 'an hour ago' = 'now') {
    agent = new Agent(createPerson(signedIn))
    connection = open(new URL(server.url), agent)
    await twice(() => connection.connect())
  }

  afterEach(() => connection.close())

  const claims = () => decodeJwt(agent.tokens()?.access_token ?? '')

  test('discovers, registers, signs in for one scope, and calls a tool', async () => {
    await connected()
    expect(agent.asked).toEqual(['mcp.use'])
    expect(claims()).toMatchObject({ aud: server.url, iss: server.issuer, scope: 'mcp.use' })
    expect(await connection.tools()).toEqual(['whoami', 'add_note', 'delete_notes'])
    const { client_id = '' } = agent.clientInformation() ?? {}
    expect(await connection.call('whoami')).toBe(`${client_id} acts for alice`)
    expect(agent.asked).toHaveLength(1)
  })

  test('gets one scope more by one further authorization, and keeps those it had', async () => {
    await connected()
    expect(await twice(() => connection.call('add_note', { text: 'a' }))).toContain('alice has')
    expect(agent.asked).toEqual(['mcp.use', 'mcp.use notes.write'])
    expect(claims()['scope']).toBe('mcp.use notes.write')
    await connection.call('whoami')
    await connection.call('add_note', { text: 'b' })
    expect(agent.asked).toHaveLength(2)
  })

  test('gets a fresh sign-in by one further authorization, and keeps its scopes', async () => {
    await connected('an hour ago')
    await twice(() => connection.call('add_note', { text: 'a' }))
    expect(await twice(() => connection.call('delete_notes'))).toContain('of alice are deleted')
    expect(agent.asked).toHaveLength(3)
    expect(claims()['scope']).toBe('mcp.use notes.write')
    await connection.call('add_note', { text: 'b' })
    await connection.call('delete_notes')
    expect(agent.asked).toHaveLength(3)
  })

  test('needs no further sign-in while the last one is fresh', async () => {
    await connected()
    expect(await connection.call('delete_notes')).toContain('of alice are deleted')
    expect(agent.asked).toHaveLength(1)
  })

  test('signs in again once its token has expired', async () => {
    await connected()
    await connection.call('whoami')
    await Promise.all(pending)
    vi.setSystemTime(Date.now() + 3_600_000 + 301_000)
    expect(await twice(() => connection.call('whoami'))).toContain('acts for alice')
    expect(agent.asked).toEqual(['mcp.use', 'mcp.use'])
  })

  test('is refused with a token for another API of the same issuer', async () => {
    await connected()
    const tokens = agent.tokens()
    agent.saveTokens({ token_type: 'bearer', ...tokens, access_token: await tokenForOtherApi() })
    expect(await twice(() => connection.call('whoami'))).toContain('acts for alice')
    expect(agent.asked).toHaveLength(2)
    expect(claims().aud).toBe(server.url)
  })

  async function tokenForOtherApi(): Promise<string> {
    const metadata = (await (
      await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)
    ).json()) as oauth1.AuthResult & { authorization_endpoint: string; token_endpoint: string }
    const { client_id = '' } = agent.clientInformation() ?? {}
    const { authorizationUrl, codeVerifier } = await oauth1.startAuthorization(server.issuer, {
      clientInformation: { client_id },
      redirectUrl: agent.redirectUrl,
      scope: 'mcp.use',
      resource: new URL(otherApi),
      metadata: metadata as never,
    })
    const back = await createPerson('now').visit(authorizationUrl, agent.redirectUrl)
    const tokens = await oauth1.exchangeAuthorization(server.issuer, {
      clientInformation: { client_id },
      authorizationCode: back.searchParams.get('code') ?? '',
      codeVerifier,
      redirectUri: agent.redirectUrl,
      resource: new URL(otherApi),
      metadata: metadata as never,
    })
    return tokens.access_token
  }
})

describe('the server', () => {
  let token: string

  beforeAll(async () => {
    token = await tokenForAgent(server.url)
  })

  const addNote = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'add_note', arguments: { text: 'a' } },
  }

  async function post(body: unknown, headers: Record<string, string> = {}, method = 'POST') {
    const answer = await fetch(server.url, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const challenge = answer.headers.get('www-authenticate')
    return { status: answer.status, challenge, body: await answer.text() }
  }

  const metadata = () => {
    const { origin } = new URL(server.url)
    return `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`
  }

  test('names its document and the scope to begin with', async () => {
    const { status, challenge, body } = await post(addNote, { Authorization: '' })
    expect([status, challenge]).toEqual([401, `Bearer scope="mcp.use", ${metadata()}`])
    expect(JSON.parse(body)).toEqual({
      jsonrpc: '2.0',
      error: { code: -32000, message: 'Refused' },
      id: null,
    })
  })

  test.each([
    ['as it is meant', {}],
    ['as another type', { 'Content-Type': 'text/plain; application/json' }],
    ['in another encoding', { 'Content-Type': 'application/json; charset=utf-8' }],
    ['without a type', { 'Content-Type': '' }],
  ])('guards a tool whose call is sent %s', async (_case, headers) => {
    const { status, challenge } = await post(addNote, headers)
    expect([status, challenge]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="mcp.use notes.write", ${metadata()}`,
    ])
  })

  test.each([
    ['a batch', [addNote]],
    ['an empty batch', []],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a text', '"a"'],
    ['nothing', ''],
  ])('refuses %s', async (_case, body) => {
    expect((await post(body)).status).toBe(400)
  })

  test.each(['nothing', '__proto__', 'constructor'])('has no tool called %s', async (name) => {
    const { body } = await post({ ...addNote, params: { name } })
    expect(body).toMatch(/"isError":true|"error":/)
  })

  test.each(['GET', 'DELETE'])('has nothing to %s', async (method) => {
    expect((await post(undefined, {}, method)).status).toBe(405)
  })

  test('asks for a fresh sign-in in its challenge', async () => {
    vi.setSystemTime(Date.now() + 301_000)
    const { status, challenge } = await post({ ...addNote, params: { name: 'delete_notes' } })
    expect([status, challenge]).toEqual([
      401,
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is ' +
        `required", scope="mcp.use", max_age="300", ${metadata()}`,
    ])
  })
})

describe('the sign-in page', () => {
  const question = { client: 'An agent', scopes: 'mcp.use', signsIn: true, mustBeFresh: false }

  test('shows names that strangers registered as text', () => {
    const page = signInPage({ ...question, client: '<script>"\'&', scopes: '</p>' })
    expect(page).toContain('<h1>&#60;script&#62;&#34;&#39;&#38; asks to act for you</h1>')
    expect(page).not.toMatch(/<script|use: <\/p>/)
  })

  test('offers an old sign-in where it will do', () => {
    expect(signInPage(question)).toContain('an hour ago')
    expect(signInPage({ ...question, mustBeFresh: true })).not.toContain('an hour ago')
    expect(signInPage({ ...question, signsIn: false })).not.toContain('an hour ago')
  })
})

describe('npm run example:mcp-server', () => {
  async function client(port: string) {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const child = spawn(process.execPath, ['examples/run.js', 'mcp-server', '--client'], {
      cwd: root,
      env: { ...process.env, PORT: port },
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, output }
  }

  const walk = new RegExp(
    [
      'Connecting to http://localhost:\\d+/mcp',
      '  asked the user for: mcp.use',
      '  registered as \\S+',
      'Calling whoami: .*',
      '  \\S+ acts for alice',
      'Calling add_note: .*',
      '  asked the user for: mcp.use notes.write',
      '  alice has 1 note\\(s\\)',
      'Calling delete_notes: .*',
      '  asked the user for: mcp.use openid notes.write',
      '  1 note\\(s\\) of alice are deleted',
    ].join('\n'),
  )

  test('prints the address to paste, and the scripted agent tries the server that runs', async () => {
    const example = await startExample('mcp-server', { lastWords: 'Stop with' })
    try {
      expect(example.output()).toContain(`Paste this into a client: ${example.url}/mcp`)
      const { code, output } = await client(new URL(example.url).port)
      expect(output).toMatch(walk)
      expect(output).toContain(`Connecting to ${example.url}/mcp`)
      expect([code, output.includes('eyJ')]).toEqual([0, false])
    } finally {
      await example.stop()
    }
  })

  test('starts a server for the scripted agent where none runs', async () => {
    const { code, output } = await client('0')
    expect(output).toMatch(walk)
    expect(code).toBe(0)
  })
})
