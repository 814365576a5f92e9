import { once } from 'node:events'
import { createServer, Server, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that listens on 127.0.0.1. */
export interface Listening {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** Ends it and whatever is connected to it. */
  readonly close: () => Promise<void>
}

/** Lets a server, or a listener that becomes one, listen on 127.0.0.1: on a free port unless one is given. */
export async function listenOnLoopback(
  listener: RequestListener | Server,
  wanted = 0,
): Promise<Listening> {
  const server = listener instanceof Server ? listener : createServer(listener)
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, port, url: `http://127.0.0.1:${String(port)}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}

/** Finds a port of the loopback that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const { port, close: free } = await listenOnLoopback(createServer())
  await free()
  return port
}
