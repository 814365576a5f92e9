import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * What stands between a client and its server: `open` lets everything through, `hold` nothing, `deaf` what
 * is asked but not what is answered, and `cut` ends every connection.
 */
export type Line = 'open' | 'hold' | 'deaf' | 'cut'

/** Puts a line between a test and a real server that breaks when it is told to. */
export async function startFlakyProxy(port: number) {
  let line: Line = 'open'
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    if (line === 'cut') {
      client.destroy()
      return
    }
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to, passes] of [
      [client, upstream, () => line === 'open' || line === 'deaf'],
      [upstream, client, () => line === 'open'],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('data', (chunk) => {
        if (passes()) to.write(chunk)
      })
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    /** Whatever was lost on the way stays lost: connections that missed something are ended. */
    set: (next: Line) => {
      line = next
      if (next === 'cut' || next === 'open') for (const socket of sockets) socket.destroy()
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
