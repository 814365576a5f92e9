// How do I test a guarded API? This runs the API of app.ts by itself; orders.test.ts tests it.
// In production the options would name your issuer.
//
//   npm run example testing
//   TOKEN=$(curl -s localhost:3000/demo-token --json '{ "sub": "alice", "scope": "orders.read" }')
//   curl -i localhost:3000/orders -H "Authorization: Bearer $TOKEN"

import express from 'express'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { announce } from '../shared/announce.js'
import { anybody, demoToken, withToken } from '../demo-token.js'
import { listen } from '../listen.js'
import { createApp } from './app.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
const url = await listen(express().use(demoToken(issuer), createApp(issuer.options)))
announce({
  users: anybody,
  tries: [
    [
      '200: alice reads the orders',
      `${url}/orders ${withToken(url, { sub: 'alice', scope: 'orders.read' })}`,
    ],
  ],
})
