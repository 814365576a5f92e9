import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { io as connect } from 'socket.io-client'
import { createSockets } from './sockets.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
const app = express()
app.use(jwtBearer(issuer.options))
app.get('/', authorize(), (req, res) => {
  res.json({ subject: req.user?.subject })
})
const server = createServer(app)
const io = createSockets(server, issuer.options)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const stranger = await fetch(url)
const alice = await fetch(url, {
  headers: await issuer.bearer({ sub: 'alice' }),
})
console.log(stranger.status, alice.status, await alice.text())

/** What a client with this token meets first, but for the words that greet it. */
async function meet(token: unknown, event: 'hello' | 'disconnect') {
  const socket = connect(url, {
    auth: { token },
    forceNew: true,
    reconnection: false,
  })
  const said = await new Promise((resolve) => {
    socket.on('connect_error', ({ message }) => resolve(message))
    socket.on(event, resolve)
  })
  socket.close()
  console.log(said)
}
await meet(undefined, 'hello')
await meet({ toString: 1 }, 'hello')
await meet(await issuer.expired(), 'hello')
await meet(await issuer.token({ sub: 'alice' }), 'hello')
// Good for the clock skew, and over: the socket is closed at once.
await meet(await issuer.token({ sub: 'alice' }, { expiresIn: -1 }), 'disconnect')
await io.close()
