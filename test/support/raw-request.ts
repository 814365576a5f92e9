import type { RequestListener, Server } from 'node:http'
import { connect } from 'node:net'
import { listenOnLoopback } from './loopback.js'

/** A server on loopback that is sent bytes. */
export interface RawServer {
  readonly server: Server
  /** Sends the text as it stands, one byte per character, and gives all that comes back. */
  send(text: string): Promise<string>
  close(): Promise<void>
}

/** Listens on loopback, for requests that no HTTP client would send. */
export async function listenRaw(listener: RequestListener): Promise<RawServer> {
  const { server, port, close } = await listenOnLoopback(listener)
  return {
    server,
    send: (text) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
        let answer = ''
        socket.setEncoding('latin1')
        socket.on('data', (part: string) => (answer += part))
        socket.on('error', reject)
        socket.on('close', () => {
          resolve(answer)
        })
      }),
    close,
  }
}
