// How do I accept tokens of two issuers, and keep some routes for one of them?
//
//   npm run example several-schemes
//   TOKEN=$(curl -s localhost:3000/partner/demo-token --json '{ "sub": "acme" }')
//   curl -i localhost:3000/catalogue -H "Authorization: Bearer $TOKEN"
//   curl -i localhost:3000/payroll -H "Authorization: Bearer $TOKEN"

import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { demoToken } from './demo-token.js'
import { listen } from './listen.js'

export async function createApp(): Promise<Express> {
  const staff = await createTestIssuer({ issuer: 'https://staff.example', audience: 'api://shop' })
  const partner = await createTestIssuer({
    issuer: 'https://partner.example',
    audience: 'api://shop',
  })

  const app = express()
  app.use('/staff', demoToken(staff))
  app.use('/partner', demoToken(partner))
  app.use(jwtBearer({ ...staff.options, scheme: 'Staff' }))
  app.use(jwtBearer({ ...partner.options, scheme: 'Partner' }))

  // Either issuer will do; req.user.scheme tells which one it was.
  app.get('/catalogue', authorize(), (req, res) => {
    res.json({ for: req.user?.subject, scheme: req.user?.scheme })
  })
  // A partner who calls himself Admin is none of ours: only the named scheme is looked at.
  app.get('/payroll', authorize({ schemes: 'Staff', roles: 'Admin' }), (req, res) => {
    res.json({ for: req.user?.subject, scheme: req.user?.scheme })
  })
  return app
}

if (process.argv[1] === import.meta.filename) await listen(await createApp())
