// How do I guard a WebSocket and a server without Express?
//
//   npm run example websocket
//   TOKEN=$(curl -s localhost:3000/demo-token)
//   curl -i localhost:3000 -H "Authorization: Bearer $TOKEN"
//   npx wscat -c ws://localhost:3000 -H "Authorization: Bearer $TOKEN"

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  BearerRequestError,
  createAuthorization,
  jwtBearer,
  MetadataUnavailableError,
  type AuthenticateResult,
  type ClaimsPrincipal,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { WebSocketServer } from 'ws'
import { announce } from '../shared/announce.js'
import { listen } from '../listen.js'

interface Refusal {
  readonly status: string
  readonly challenge?: string
}

export async function createApp(): Promise<Server> {
  const issuer = await createTestIssuer({ audience: 'api://chat' })
  const bearer = jwtBearer(issuer.options)
  const { evaluate } = createAuthorization({
    policies: { CanChat: (policy) => policy.requireScope('chat') },
  })

  async function admit(request: IncomingMessage): Promise<ClaimsPrincipal | Refusal> {
    const result = await bearer.authenticate(request)
    if (result.kind !== 'success') return refusalOf(result)
    const { succeeded } = await evaluate('CanChat', result.principal)
    return succeeded ? result.principal : { status: '403 Forbidden' }
  }

  const server = createServer((request, response) => {
    if (request.url === '/demo-token') {
      const claims = { sub: 'alice', scope: 'chat' }
      void issuer.token(claims).then((token) => response.end(token))
    } else {
      void answer(request, response)
    }
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const caller = await admit(request)
    if ('status' in caller) {
      const headers = caller.challenge === undefined ? {} : { 'WWW-Authenticate': caller.challenge }
      response.writeHead(Number.parseInt(caller.status), headers).end(caller.status)
    } else {
      response.end(`Hello, ${String(caller.subject)}`)
    }
  }

  const sockets = new WebSocketServer({ noServer: true })

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const caller = await admit(request)
    if ('status' in caller) {
      const challenge = caller.challenge ? `WWW-Authenticate: ${caller.challenge}\r\n` : ''
      socket.end(`HTTP/1.1 ${caller.status}\r\n${challenge}Connection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => {
        webSocket.terminate()
      })
      webSocket.send(`Hello, ${String(caller.subject)}`)
    })
  }

  server.on('upgrade', (request, socket: Duplex, head) => {
    // A caller may hang up while the token is checked.
    socket.on('error', () => socket.destroy())
    void upgrade(request, socket, head)
  })
  return server
}

// The answers that authorize() gives in Express.
function refusalOf(result: AuthenticateResult): Refusal {
  if (result.kind !== 'failure') return { status: '401 Unauthorized', challenge: 'Bearer' }
  if (result.error instanceof MetadataUnavailableError) return { status: '503 Service Unavailable' }
  if (result.error instanceof BearerRequestError) {
    return { status: '400 Bad Request', challenge: 'Bearer error="invalid_request"' }
  }
  return { status: '401 Unauthorized', challenge: 'Bearer error="invalid_token"' }
}

if (process.argv[1] === import.meta.filename) {
  const url = await listen(await createApp())
  const token = `-H "Authorization: Bearer $(curl -s ${url}/demo-token)"`
  console.log(`A WebSocket: npx wscat -c ${url.replace('http', 'ws')} ${token}`)
  announce({
    users: 'alice, without a password: /demo-token signs her a token',
    tries: [
      ['200: alice calls the plain server', `${url} ${token}`],
      ['401: nobody in particular', url],
    ],
  })
}
