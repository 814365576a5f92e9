import { STATUS_CODES } from 'node:http'
import express, { type ErrorRequestHandler } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { listen, setting } from './part.js'

const app = express()
app.disable('x-powered-by')
app.use(
  jwtBearer({
    authority: setting('ISSUER'),
    audience: 'api://weather',
    requireHttpsMetadata: false,
    // All parts run on one machine: without any skew a token is over when it says so.
    tokenValidationParameters: { clockSkew: 0 },
  }),
)

let temperature = 18

app.get(
  '/weather',
  authorize((policy) => policy.requireScope('weather.read')),
  (req, res) => {
    temperature += Math.random() - 0.5
    res.json({
      temperature: Math.round(temperature * 10) / 10,
      measuredAt: new Date().toISOString(),
      for: req.user?.subject,
    })
  },
)

// Express knows an error handler by its four parameters.
const answerErrors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500 } = error as { status?: number }
  res.status(status).json({ error: STATUS_CODES[status] })
}
app.use(answerErrors)

listen(app)
