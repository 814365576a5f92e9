import { createServer, type AddressInfo } from 'node:net'

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
      : [port + 1000, port + 2000, ...Array.from({ length: processes }, (_, index) => port + index)]
  const [issuer = 0, api = 0, ...web] = ports
  return {
    web: web.map((each) => `http://localhost:${each}`),
    issuer: `http://localhost:${issuer}`,
    api: `http://localhost:${api}`,
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return (server.address() as AddressInfo).port
    }),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
