// One server with one contender, in a process of its own.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { handlersOf, settingOf, type Wishes } from './contenders.js'
import { used } from './cpu.js'
import { keysOf, type SigningMaterial } from './material.js'
import { startProfile, type ProfileKind } from './profiler.js'

/** What the parent process sends to start it. */
export interface ServerJob extends Wishes {
  readonly contender: string
  readonly material: SigningMaterial
  readonly fetchKeys?: boolean | undefined
}

async function serve({ contender, material, fetchKeys, ...wishes }: ServerJob): Promise<number> {
  const app = express()
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const keys = keysOf(material)
  const setting = settingOf(keys, `http://127.0.0.1:${port}/jwks`, fetchKeys)
  app.get('/jwks', (_, res) => {
    res.json({ keys: [keys.jwk] })
  })
  app.get('/', ...(await handlersOf(contender, setting, wishes)), (_, res) => {
    res.json({ ok: true })
  })
  // The default error handler writes every error to the console, which would be all that is measured.
  const answerError: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
    if (res.headersSent) next(error)
    else res.status(error.status ?? 500).json({ ok: false })
  }
  app.use(answerError)
  return port
}

type Message = ServerJob | { readonly cost: true } | { readonly profile: ProfileKind | 'end' }

let endProfile: (() => Promise<unknown>) | undefined

async function answerTo(message: Message): Promise<unknown> {
  if ('cost' in message) return used()
  if (!('profile' in message)) return serve(message)
  if (message.profile === 'end') return endProfile?.()
  endProfile = await startProfile(message.profile)
  return 'started'
}

process.on('message', (message: Message) => {
  void answerTo(message).then((answer) => process.send?.(answer))
})
process.once('disconnect', () => process.exit())
process.send?.('up')
