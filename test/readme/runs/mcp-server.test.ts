import * as streamable from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type Express, type RequestHandler } from 'express'
import { authorize, jwtBearer, type Middleware } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createServer } from '../../../examples/mcp-server/tools.js'
import { keepErrors } from '../../support/create-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

const issuer = await createTestIssuer({ issuer: 'https://issuer.example' })
const wellKnown = '/.well-known/oauth-protected-resource'

const bearer = async (aud: string, scope = 'mcp.use') =>
  `Bearer ${await issuer.token({ sub: 'alice', client_id: 'agent', aud, scope })}`

/** Status and challenge. */
async function ask(app: Express, path: string, authorization?: string) {
  const call = request(app).post(path)
  const answer = await (authorization === undefined
    ? call
    : call.set('Authorization', authorization))
  const { 'www-authenticate': challenge } = answer.headers as Record<string, string>
  return [answer.status, challenge]
}

async function documentAt(app: Express, path: string) {
  const answer = await request(app).get(path)
  return answer.status === 200 ? (answer.body as { resource: string }).resource : answer.status
}

function answering(app: Express): Express {
  app.post(/.*/, (_req, res) => {
    res.json('ok')
  })
  keepErrors(app)
  return app
}

describe('the snippets of examples/mcp-server/README.md', () => {
  const take = useSnippets('examples/mcp-server/README.md')

  beforeEach(() => {
    vi.stubGlobal('fetch', issuer.fetch)
  })

  test('publish a document and name it', async () => {
    const app = express()
    await runSnippet(take('The document and the guard'), { app })
    answering(app)
    const resource = 'https://api.example.com/mcp'
    expect(await documentAt(app, `${wellKnown}/mcp`)).toBe(resource)
    expect(await ask(app, '/mcp')).toEqual([
      401,
      `Bearer scope="mcp.use", resource_metadata="https://api.example.com${wellKnown}/mcp"`,
    ])
    expect(await ask(app, '/mcp', await bearer(resource))).toEqual([200, undefined])
  })

  test('tell tools who calls', async () => {
    const app = express()
    app.use(jwtBearer({ ...issuer.options, audience: 'https://api.example.com/mcp' }), authorize())
    const modules = {
      '@modelcontextprotocol/sdk/server/streamableHttp.js': streamable,
      './tools.js': { createServer },
    }
    await runSnippet(take('What tools know about the caller'), { app }, modules)
    const call = (body: object | undefined) =>
      request(app)
        .post('/mcp')
        .set('Authorization', `Bearer ${token}`)
        .set('Accept', 'application/json, text/event-stream')
        .set('Content-Type', 'application/json')
        .send(body)
    const token = (await bearer('https://api.example.com/mcp')).replace('Bearer ', '')
    const params = { name: 'whoami', arguments: {} }
    const answer = await call({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(answer.text).toContain('agent acts for alice')
    expect((await call(undefined)).status).toBe(400)
  })

  test('guard each tool by itself', async () => {
    const { values } = await runSnippet(take('A scope for a tool'), {}, {}, ['guardTools'])
    const { guardTools } = values as { guardTools: Middleware }
    const app = express().use(
      jwtBearer({ ...issuer.options, audience: 'api://mcp' }),
      authorize((policy) => policy.requireScope('mcp.use')),
      express.json(),
      guardTools as RequestHandler,
    )
    answering(app)
    const call = async (name: string) => {
      const answer = await request(app)
        .post('/')
        .set('Authorization', await bearer('api://mcp'))
        .send({ method: 'tools/call', params: { name } })
      return [answer.status, (answer.headers as Record<string, string>)['www-authenticate']]
    }
    expect(await call('whoami')).toEqual([200, undefined])
    expect(await call('add_note')).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="mcp.use notes.write"',
    ])
    expect((await call('delete_notes'))[1]).toContain('max_age="300"')
    const batch = request(app)
      .post('/')
      .set('Authorization', await bearer('api://mcp'))
    expect(
      (await batch.send([{ method: 'tools/call', params: { name: 'add_note' } }])).status,
    ).toBe(400)
  })

  test('keep several servers apart', async () => {
    const app = express()
    await runSnippet(take('Several servers'), { app })
    answering(app)
    expect(await documentAt(app, `${wellKnown}/mail`)).toBe('https://api.example.com/mail')
    expect(await documentAt(app, wellKnown)).toBe('https://api.example.com/files')
    const forFiles = await bearer('https://api.example.com/files')
    expect(await ask(app, '/files', forFiles)).toEqual([200, undefined])
    expect(await ask(app, '/mail', forFiles)).toEqual([
      401,
      `Bearer error="invalid_token", error_description="The audience is invalid", resource_metadata="https://api.example.com${wellKnown}/mail"`,
    ])
  })

  test('work behind a proxy that strips a prefix', async () => {
    const app = express()
    await runSnippet(take('Behind a proxy that strips a prefix'), { app })
    answering(app)
    // What the proxy makes of the public addresses.
    const proxy = express().use('/tools', app)
    const metadataUrl = `https://api.example.com/tools${wellKnown}`
    expect(await ask(proxy, '/tools/mcp')).toEqual([
      401,
      `Bearer resource_metadata="${metadataUrl}"`,
    ])
    const resource = 'https://api.example.com/tools/mcp'
    expect(await documentAt(proxy, new URL(metadataUrl).pathname)).toBe(resource)
    expect(await ask(proxy, '/tools/mcp', await bearer(resource))).toEqual([200, undefined])
  })
})
