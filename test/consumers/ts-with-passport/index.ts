import express from 'express'
import { authorize, jwtBearer, symmetricKey } from 'express-jwt-bearer'
import type { Authenticator } from 'passport'

declare const passport: Authenticator

const app = express()
app.use(passport.initialize())
app.use(
  jwtBearer({
    audience: 'api://orders',
    tokenValidationParameters: {
      validIssuer: 'https://issuer.example',
      issuerSigningKey: symmetricKey('d7Uz0rKcXqv3nTq8pB1mYf5sGh2jLw9e'),
    },
  }),
)

app.get('/orders', authorize(), (req, res) => {
  const user: Express.User | undefined = req.user
  res.json({ name: user?.name, admin: req.user?.isInRole('Admin'), passport: req.authInfo })
})

app.get('/', (req) => {
  // @ts-expect-error the caller has no such property, so the type of `req.user` is known
  return req.user?.nickname
})
