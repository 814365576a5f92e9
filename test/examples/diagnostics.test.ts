import { Writable } from 'node:stream'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { pino } from 'pino'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createApp, observe, requestFields } from '../../examples/diagnostics.js'
import { startExample } from '../support/start-example.js'

let written = ''
let stop: () => void
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const provider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
})

beforeEach(() => {
  written = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString()
      done()
    },
  })
  stop = observe(pino({ level: 'debug', mixin: requestFields }, stream), provider.getMeter('test'))
})

afterEach(() => {
  stop()
})

type Line = Record<string, unknown>
const lines = () =>
  written
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

async function counts() {
  await provider.forceFlush()
  const found: object[] = []
  for (const { metrics } of exporter.getMetrics().at(-1)?.scopeMetrics ?? []) {
    for (const { dataPoints } of metrics) {
      for (const { attributes, value } of dataPoints) found.push({ ...attributes, count: value })
    }
  }
  return found
}

describe('the diagnostics example', () => {
  test('writes lines with the id of their request, and counts, without a token', async () => {
    const app = await createApp()
    const token = (await request(app).post('/demo-token').send({ sub: 'the-subject' })).text
    const bad = `${token.slice(0, -4)}AAAA`
    const ask = (path: string, sent?: string) =>
      sent === undefined
        ? request(app).get(path)
        : request(app).get(path).set('Authorization', `Bearer ${sent}`)
    const answers = await Promise.all([
      ask('/orders', token),
      ask('/orders'),
      ask('/orders', bad),
      ask('/admin', token),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 403])

    const eventsOf = (id: unknown) =>
      lines()
        .filter(({ requestId, event }) => requestId === id && !String(event).startsWith('metadata'))
        .map(({ event, code, scheme }) => [event, code, scheme].filter(Boolean).join(' '))
    expect(answers.map(({ headers }) => eventsOf(headers['x-request-id']))).toEqual([
      ['authenticated Bearer'],
      ['challenged ERR_AUTHENTICATION_REQUIRED Bearer'],
      [
        'failed ERR_TOKEN_SIGNATURE_INVALID Bearer',
        'challenged ERR_TOKEN_SIGNATURE_INVALID Bearer',
      ],
      ['authenticated Bearer', 'forbidden Bearer'],
    ])
    // Once at first, and once for the failed signature, which may mean a new key under an old name.
    expect(lines().filter(({ event }) => event === 'metadata-refreshed')).toHaveLength(2)

    expect(await counts()).toEqual(
      expect.arrayContaining([
        { event: 'metadata-refreshed', count: 2 },
        { event: 'authenticated', scheme: 'Bearer', count: 2 },
        { event: 'failed', scheme: 'Bearer', code: 'ERR_TOKEN_SIGNATURE_INVALID', count: 1 },
        { event: 'challenged', scheme: 'Bearer', code: 'ERR_AUTHENTICATION_REQUIRED', count: 1 },
        { event: 'challenged', scheme: 'Bearer', code: 'ERR_TOKEN_SIGNATURE_INVALID', count: 1 },
        { event: 'forbidden', scheme: 'Bearer', count: 1 },
      ]),
    )
    const [header = '', payload = '', signature = ''] = token.split('.')
    for (const part of [header, payload, signature, bad, 'the-subject', 'eyJ']) {
      expect(written).not.toContain(part)
    }
  })

  test('is silent once it is stopped', async () => {
    stop()
    await request(await createApp()).get('/orders')
    expect(written).toBe('')
  })

  test('runs as it stands and prints no token', async () => {
    const example = await startExample('diagnostics.ts')
    const headers = { 'Content-Type': 'application/json' }
    const made = await fetch(`${example.url}/demo-token`, { method: 'POST', headers, body: '{}' })
    const token = await made.text()
    const answer = await fetch(`${example.url}/orders`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    // Lines of a log may come after the answer.
    await vi.waitFor(
      () => {
        expect(example.output()).toContain('"event":"authenticated"')
      },
      { timeout: 10_000 },
    )
    await example.stop()
    expect(answer.status).toBe(200)
    expect(example.output()).toContain(answer.headers.get('x-request-id'))
    expect(example.output()).toContain('"event":"authenticated"')
    expect(example.output()).not.toContain('eyJ')
  }, 30_000)
})
