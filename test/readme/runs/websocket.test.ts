import express from 'express'
import type { AuthenticateSuccess, JwtBearerMiddleware } from 'express-jwt-bearer'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { issuer, options } from '../../support/guide-app.js'
import { listenOnLoopback, type Listening } from '../../support/loopback.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

const open: Listening[] = []

afterEach(async () => {
  for (const { close } of open.splice(0)) await close()
})

// Where a server listens, until the test is over.
async function listen(server: Server): Promise<string> {
  const listening = await listenOnLoopback(server)
  open.push(listening)
  return `127.0.0.1:${String(listening.port)}`
}

// What a socket is told first, or why it was not opened.
function hear(address: string, protocols: string[], headers: Record<string, string> = {}) {
  return new Promise<{ message: string; protocol: string }>((resolve) => {
    const socket = new WebSocket(`ws://${address}`, protocols, { headers })
    socket.on('message', (data: Buffer) => {
      resolve({ message: data.toString(), protocol: socket.protocol })
      socket.terminate()
    })
    socket.on('error', ({ message }) => {
      resolve({ message, protocol: socket.protocol })
    })
  })
}

describe('the snippets of examples/websocket/README.md', () => {
  const take = useSnippets('examples/websocket/README.md')

  test('guard a WebSocket', async () => {
    const borrowed = { app: express(), options }
    const { values } = await runSnippet(take('A WebSocket'), borrowed, {}, ['server'])
    const address = await listen((values as { server: Server }).server)
    expect((await hear(address, [], await issuer.bearer({ sub: 'alice' }))).message).toBe(
      'Hello alice',
    )
    expect((await hear(address, [])).message).toContain('401')
  })

  test('take the token of a subprotocol and never send it back', async () => {
    const server = createServer()
    await runSnippet(take('A WebSocket from a browser'), { server, options })
    const address = await listen(server)
    const token = await issuer.token({ sub: 'alice' })
    expect(await hear(address, ['bearer', token])).toEqual({
      message: 'Hello alice',
      protocol: 'bearer',
    })
    for (const protocols of [[], ['bearer'], ['other', token], ['bearer', await issuer.expired()]])
      expect((await hear(address, protocols)).message).toContain('401')
  })

  test('take the token of a query on one path alone', async () => {
    const code = take('A WebSocket from a browser', 1)
    const { values } = await runSnippet(code, { options }, {}, ['bearer'])
    const { bearer } = values as { bearer: JwtBearerMiddleware }
    const token = await issuer.token()
    const kindOf = async (url: string) => (await bearer.authenticate({ headers: {}, url })).kind
    expect(await kindOf(`/live?access_token=${token}`)).toBe('success')
    expect(await kindOf(`/other?access_token=${token}`)).toBe('none')
    expect(await kindOf('/live')).toBe('none')
    expect(await kindOf(`/live?access_token=${await issuer.expired()}`)).toBe('failure')
  })

  test('close a socket when its token expires, and keep the others', async () => {
    const { exports } = await runSnippet(take('Close the socket when its token expires'), {})
    const { closeOnExpiry } = exports as {
      closeOnExpiry: (client: WebSocket, result: AuthenticateSuccess) => void
    }
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    const address = await listen(server)
    const connect = async (expiresAt: Date | undefined) => {
      const connected = once(sockets, 'connection') as Promise<[WebSocket]>
      const page = new WebSocket(`ws://${address}`)
      const [[client]] = await Promise.all([connected, once(page, 'open')])
      const closed = once(page, 'close') as Promise<[code: number]>
      closeOnExpiry(client, { expiresAt } as AuthenticateSuccess)
      return { page, closed }
    }
    const over = await connect(new Date(Date.now() - 1))
    expect((await over.closed)[0]).toBe(4401)
    const inAYear = await connect(new Date(Date.now() + 31_536_000_000))
    const never = await connect(undefined)
    for (const { page } of [inAYear, never]) {
      expect(page.readyState).toBe(WebSocket.OPEN)
      page.terminate()
    }
    sockets.close()
  })

  test('read an event stream with a token', async () => {
    const app = express()
    const authorized: (string | undefined)[] = []
    app.get('/events', (req, res) => {
      authorized.push(req.headers.authorization)
      res.type('text/event-stream').write('data: one\n\ndata: tw')
      res.end('o\n\n')
    })
    app.get('/refused', (_req, res) => void res.sendStatus(401))
    const address = await listen(createServer(app))
    const { exports } = await runSnippet(take('EventSource'), {})
    const { readEvents } = exports as {
      readEvents: (url: string, token: string) => AsyncGenerator<string>
    }
    const events: string[] = []
    for await (const event of readEvents(`http://${address}/events`, 't')) events.push(event)
    expect([events, authorized]).toEqual([['data: one', 'data: two'], ['Bearer t']])
    await expect(readEvents(`http://${address}/refused`, 't').next()).rejects.toThrow('401')
  })

  test('answer Fetch requests', async () => {
    const { exports } = await runSnippet(take('Servers with Fetch requests'), { options })
    const { handle } = exports as { handle: (request: Request) => Promise<Response> }
    const url = 'https://api.example/orders'
    const headers = await issuer.bearer({ sub: 'alice' })
    expect(await (await handle(new Request(url, { headers }))).json()).toEqual({ for: 'alice' })
    const refused = await handle(new Request(url))
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
  })
})
