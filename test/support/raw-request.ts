import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** A server on loopback that is sent bytes. */
export interface RawServer {
  readonly server: Server
  /** Sends the text as it stands, one byte per character, and gives all that comes back. */
  send(text: string): Promise<string>
  close(): Promise<void>
}

/** Listens on loopback, for requests that no HTTP client would send. */
export async function listenRaw(listener: RequestListener): Promise<RawServer> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
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
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
