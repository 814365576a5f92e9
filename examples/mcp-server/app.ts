import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { mcpAuthInfo, protectedResourceMetadata } from 'express-jwt-bearer/protected-resource'
import { useScope, writeScope } from './settings.js'
import { createServer, guardTools } from './tools.js'

/**
 * The MCP server.
 *
 * @param url - What people type into their clients. It is the audience of the tokens, too.
 * @param issuer - Who signs people in.
 */
export function createApp(url: string, issuer: string): Express {
  const app = express()
  const resource = protectedResourceMetadata({
    resource: url,
    authorizationServers: [issuer],
    scopesSupported: [useScope, writeScope],
    resourceName: 'Notes',
  })
  // Clients read the document before they have a token, so it stands before every guard.
  app.use(resource)
  app.use(
    '/mcp',
    letPagesCall,
    jwtBearer({
      authority: issuer,
      audience: resource.resource,
      resourceMetadata: resource.metadataUrl,
      tokenValidationParameters: { validTypes: ['at+jwt'] },
      requireHttpsMetadata: false, // The issuer is on this machine. Never do this for another one.
    }),
    authorize((policy) => policy.requireScope(useScope)),
  )
  // Whatever type it claims to have, the body is parsed here: guards and server must see the same message.
  app.post('/mcp', express.json({ type: () => true }), oneMessage, guardTools, answerMessage)
  app.use('/mcp', (_req, res) => {
    res.status(405).set('Allow', 'POST').end()
  })
  return app.use(asJsonRpc)
}

// Clients that are web pages of other origins. Guards see to it that pages can read the challenges.
const letPagesCall: RequestHandler = (req, res, next) => {
  res.set('Access-Control-Allow-Origin', '*')
  if (req.method !== 'OPTIONS') {
    next()
    return
  }
  res.set('Access-Control-Allow-Methods', 'POST')
  res.set('Access-Control-Allow-Headers', 'Authorization, Content-Type, Mcp-Protocol-Version')
  res.status(204).end()
}

// Since its revision of 2025-06-18 MCP knows no batches, and a batch could call several tools at once.
const oneMessage: RequestHandler = (req, res, next) => {
  if (typeof req.body === 'object' && req.body !== null && !Array.isArray(req.body)) next()
  else res.status(400).json(problem(-32600, 'The body must be one JSON-RPC message'))
}

const answerMessage: RequestHandler = async (req, res) => {
  const server = createServer()
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  res.on('close', () => void server.close())
  await server.connect(transport)
  // Tools are told who calls as `authInfo`.
  const auth = mcpAuthInfo(req)
  await transport.handleRequest(Object.assign(req, auth && { auth }), res, req.body)
}

// Refusals have their status and their challenge already; here they get a body that MCP clients can show.
const asJsonRpc: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
  const { status = 500 } = error
  if (res.headersSent) next(error)
  else res.status(status).json(problem(-32000, status < 500 ? 'Refused' : 'Out of order'))
}

function problem(code: number, message: string) {
  return { jsonrpc: '2.0', error: { code, message }, id: null }
}
