// How do I get log lines with request ids, and counters, of who was let in and who was not?
//
//   npm run example diagnostics
//   curl -i localhost:3000/orders
//   TOKEN=$(curl -s localhost:3000/demo-token --json '{ "sub": "alice" }')
//   curl -i localhost:3000/orders -H "Authorization: Bearer $TOKEN"

import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Meter } from '@opentelemetry/api'
import {
  ConsoleMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import express, { type Express, type RequestHandler } from 'express'
import {
  authorize,
  jwtBearer,
  type DiagnosticChannel,
  type DiagnosticMessages,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { pino, type Logger } from 'pino'
import { announce } from './shared/announce.js'
import { anybody, demoToken, withToken } from './demo-token.js'
import { listen } from './listen.js'

/** The request that is being answered, wherever the code is. */
const requests = new AsyncLocalStorage<{ requestId: string }>()

/** Adds the id of the request to each log line; for pino's `mixin`. */
export const requestFields = (): object => ({ ...requests.getStore() })

const giveId: RequestHandler = (_req, res, next) => {
  const requestId = crypto.randomUUID()
  res.set('X-Request-Id', requestId)
  requests.run({ requestId }, next)
}

const lines: Readonly<
  Record<DiagnosticChannel, { level: 'debug' | 'info' | 'warn'; text: string }>
> = {
  'express-jwt-bearer:authenticated': { level: 'debug', text: 'The caller is known' },
  'express-jwt-bearer:failed': { level: 'info', text: 'The credentials were not accepted' },
  'express-jwt-bearer:challenged': { level: 'info', text: 'The caller was asked for a token' },
  'express-jwt-bearer:forbidden': { level: 'info', text: 'The caller may not do this' },
  'express-jwt-bearer:metadata-refreshed': { level: 'info', text: 'The keys were fetched' },
  'express-jwt-bearer:metadata-refresh-failed': {
    level: 'warn',
    text: 'The keys could not be fetched',
  },
  'express-jwt-bearer:metadata-stale': { level: 'debug', text: 'Old keys serve meanwhile' },
  'express-jwt-bearer:introspection-failed': {
    level: 'warn',
    text: 'A token could not be introspected',
  },
  'express-jwt-bearer:proof-failed': { level: 'info', text: 'A DPoP proof was not accepted' },
  'express-jwt-bearer:replay-cache-full': { level: 'warn', text: 'The replay cache is full' },
}

/**
 * Writes a line and counts for everything that the channels tell. They tell of all that this process does,
 * so once is enough, however many jwtBearer() there are.
 *
 * @returns Stops it.
 */
export function observe(log: Logger, meter: Meter): () => void {
  const counter = meter.createCounter('jwt_bearer.events', {
    description: 'What became of callers and of the keys they are judged by',
  })
  const note = (message: unknown, name: string | symbol) => {
    const channel = name as DiagnosticChannel
    const event = channel.replace('express-jwt-bearer:', '')
    const { scheme, code } = message as Partial<DiagnosticMessages['express-jwt-bearer:failed']>
    const { level, text } = lines[channel]
    log[level]({ event, ...(message as object) }, text)
    // Few values each: a counter keeps a number for every combination it has seen.
    counter.add(1, { event, ...(scheme && { scheme }), ...(code && { code }) })
  }
  for (const channel of Object.keys(lines)) subscribe(channel, note)
  return () => {
    for (const channel of Object.keys(lines)) unsubscribe(channel, note)
  }
}

export async function createApp(): Promise<Express> {
  const issuer = await createTestIssuer({ audience: 'api://orders' })
  const app = express()
  app.use(giveId, demoToken(issuer), jwtBearer(issuer.options))
  app.get('/orders', authorize(), (_req, res) => {
    res.json([])
  })
  app.get('/admin', authorize({ roles: 'Admin' }), (_req, res) => {
    res.json([])
  })
  return app
}

if (process.argv[1] === import.meta.filename) {
  const reader = new PeriodicExportingMetricReader({
    exporter: new ConsoleMetricExporter(),
    exportIntervalMillis: 10_000,
  })
  const meter = new MeterProvider({ readers: [reader] }).getMeter('orders')
  observe(pino({ level: 'debug', mixin: requestFields }), meter)
  const url = await listen(await createApp())
  announce({
    users: anybody,
    tries: [
      ['200: a line about alice', `${url}/orders ${withToken(url, { sub: 'alice' })}`],
      ['401: a line about somebody without a token', `${url}/orders`],
    ],
  })
}
