import { createServer, type RequestListener, type Server } from 'node:http'
import { giveUp } from '../shared/settings.js'

/** Reads what `server.ts` tells every part. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is missing: start the example with server.ts`)
  return value
}

/** Listens on this part's address and tells `server.ts`. */
export function listen(app: RequestListener | Server): Server {
  const server = typeof app === 'function' ? createServer(app) : app
  server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    // `server.ts` knows what to say about a port that is taken.
    if (code !== 'EADDRINUSE') giveUp(message)
    process.send?.('taken', () => process.exit(1))
  })
  server.listen(Number(new URL(setting('URL')).port), '127.0.0.1', () => process.send?.('ready'))
  // Without its parent nobody would ever stop it.
  process.once('disconnect', () => process.exit())
  return server
}
