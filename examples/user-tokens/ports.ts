import { createServer, type AddressInfo } from 'node:net'
import { cannotListen } from '../listen.js'

/** Where the parts of the example listen. */
export interface Addresses {
  readonly web: readonly string[]
  readonly issuer: string
  readonly api: string
}

/**
 * Chooses the addresses: the web app's processes on `PORT` and the ports behind it, the identity
 * provider a thousand and the API two thousand further. With `PORT=0` all of them are free ones.
 */
export async function chooseAddresses(port: number, processes: number): Promise<Addresses> {
  const ports =
    port === 0
      ? await freePorts(processes + 2)
      : await tryPorts([
          port + 1000,
          port + 2000,
          ...Array.from({ length: processes }, (_, index) => port + index),
        ])
  const [issuer = 0, api = 0, ...web] = ports
  return {
    web: web.map((each) => `http://localhost:${each}`),
    issuer: `http://localhost:${issuer}`,
    api: `http://localhost:${api}`,
  }
}

const freePorts = (count: number) => tryPorts(Array.from({ length: count }, () => 0))

// Each is let go again for the part that will have it. One that is taken is found before any part has started.
async function tryPorts(ports: readonly number[]): Promise<number[]> {
  const servers = await Promise.all(
    ports.map(async (port) => {
      const server = createServer()
      await new Promise<void>((resolve) => {
        server.once('error', (error) => {
          cannotListen(port, error)
        })
        server.listen(port, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  const found = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return found
}
