import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import {
  fingerprint,
  TokenUnavailableError,
  type TokenEvent,
  type UserKey,
} from 'express-jwt-bearer/tokens'
import { WebSocketServer, type WebSocket } from 'ws'
import { setting } from './part.js'
import { readUpgradeSession } from './session.js'
import { tokenEvents, tokens, weather } from './tokens.js'

type Message =
  | {
      readonly kind: 'weather'
      readonly status: number
      readonly weather: unknown
      readonly token?: string
      readonly expiration?: Date | undefined
    }
  | { readonly kind: 'failure'; readonly code: string }
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'event'; readonly event: TokenEvent }

const pause = 2000

/** Pushes API data to the page, long after the request that opened the connection has ended. */
export function pushWeather(server: Server): void {
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy())
    const user = readUpgradeSession(request)
    // Cookies come along whichever page opens a WebSocket: only ours may.
    if (!user || request.headers.origin !== setting('URL')) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => {
        webSocket.terminate()
      })
      void push(webSocket, user)
    })
  })
}

async function push(socket: WebSocket, user: UserKey): Promise<void> {
  const send = (message: Message) => {
    socket.send(JSON.stringify(message))
  }
  const tell = (event: TokenEvent) => {
    if (event.user === fingerprint(user) && event.kind !== 'tokenUsed') {
      send({ kind: 'event', event })
    }
  }
  tokenEvents.on('event', tell)
  socket.once('close', () => tokenEvents.off('event', tell))
  while (socket.readyState === socket.OPEN) {
    const message = await readWeather(user)
    send(message)
    if (message.kind === 'signedOut') socket.close()
    await wait(pause)
  }
}

async function readWeather(user: UserKey): Promise<Message> {
  try {
    const response = await weather('weather', { user })
    const token = await tokens.getAccessToken(user)
    return {
      kind: 'weather',
      status: response.status,
      weather: await response.json(),
      ...(token.kind === 'success' && {
        token: fingerprint(token.accessToken),
        expiration: token.expiration,
      }),
    }
  } catch (error) {
    if (!(error instanceof TokenUnavailableError))
      return { kind: 'failure', code: 'api_unavailable' }
    const isOver = error.code === 'no_session' || error.code === 'refresh_rejected'
    return isOver ? { kind: 'signedOut' } : { kind: 'failure', code: error.code }
  }
}
