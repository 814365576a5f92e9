// How do I test a guarded API? This runs the API of app.ts by itself; orders.test.ts tests it.
// In production the options would name your issuer.
//
//   npm run example testing
//   TOKEN=$(curl -s localhost:3000/demo-token --json '{ "sub": "alice", "scope": "orders.read" }')
//   curl -i localhost:3000/orders -H "Authorization: Bearer $TOKEN"

import express from 'express'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { demoToken } from '../demo-token.js'
import { listen } from '../listen.js'
import { createApp } from './app.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
await listen(express().use(demoToken(issuer), createApp(issuer.options)))
