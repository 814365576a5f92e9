import { createTestIssuer } from 'express-jwt-bearer/testing'
import { createHandler } from './lambda.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
const handler = createHandler(issuer.options)

const second = (headers: object) => ({
  version: '2.0',
  rawPath: '/orders',
  rawQueryString: '',
  headers,
  requestContext: {
    http: { method: 'GET', path: '/orders', sourceIp: '192.0.2.1' },
  },
  isBase64Encoded: false,
})
const first = (headers: object) => ({
  httpMethod: 'GET',
  path: '/orders',
  headers,
  requestContext: { identity: { sourceIp: '192.0.2.1' } },
})

interface Answer {
  statusCode: number
  headers: Record<string, string>
  body: string
}
for (const event of [second, first])
  for (const headers of [{}, await issuer.bearer({ sub: 'alice' })]) {
    const answer = (await handler(event(headers), {})) as Answer
    const served = answer.statusCode === 200
    console.log(answer.statusCode, served ? answer.body : answer.headers['www-authenticate'])
  }
