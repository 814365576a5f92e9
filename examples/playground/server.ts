// What does it look like when it works? An orders API with policies, and a page to call it from.
//
//   npm start
//   PORT=3001 npm start

import { createServer } from 'node:http'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { listen } from '../listen.js'
import { createApp } from './app.js'
import { curlLines } from './curl.js'
import { createOpaqueTokens } from './opaque.js'
import { createCallers } from './tokens.js'

const issuer = await createTestIssuer({
  issuer: 'https://issuer.example',
  audience: 'api://orders',
  alg: 'ES256',
})
const sources = {
  issuer,
  client: await issuer.dpopClient(),
  opaque: createOpaqueTokens(issuer),
}

// Proofs name the address of the API, so it is known first.
const server = createServer()
const url = await listen(server)
server.on('request', createApp(url, sources))
console.log(`
Open ${url} in a browser, or paste these lines into another terminal.
They carry demo tokens: signed with a key made just now, good until this program stops, for a day at most.
Users: Rita Reader and Adam Admin, without passwords.

${await curlLines(url, createCallers(sources))}
Stop with Ctrl+C.`)
