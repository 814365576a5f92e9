// How do I accept tokens of two issuers, and keep some routes for one of them?
//
//   npm run example several-schemes
//   TOKEN=$(curl -s localhost:3000/partner/demo-token --json '{ "sub": "acme" }')
//   curl -i localhost:3000/catalogue -H "Authorization: Bearer $TOKEN"
//   curl -i localhost:3000/payroll -H "Authorization: Bearer $TOKEN"

import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { announce } from './shared/announce.js'
import { demoToken, withToken } from './demo-token.js'
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

if (process.argv[1] === import.meta.filename) {
  const url = await listen(await createApp())
  announce({
    users:
      'whoever you name, without a password: /staff/demo-token and /partner/demo-token sign what they are sent',
    tries: [
      [
        '200: a partner reads the catalogue',
        `${url}/catalogue ${withToken(`${url}/partner`, { sub: 'acme' })}`,
      ],
      [
        '200: an admin of the staff reads the payroll',
        `${url}/payroll ${withToken(`${url}/staff`, { sub: 'ada', roles: 'Admin' })}`,
      ],
      [
        '401: a partner who calls himself Admin does not',
        `${url}/payroll ${withToken(`${url}/partner`, { sub: 'acme', roles: 'Admin' })}`,
      ],
    ],
  })
}
