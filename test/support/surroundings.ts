// What the snippets of the guides take from the app around them: each a file that is compiled beside them.

const core = `
import type { Express } from 'express'
import type { IssuerSigningKey, JwtBearerOptions } from 'express-jwt-bearer'
import type { Server } from 'node:http'
declare global {
  interface Order { readonly owner: string }
  const app: Express
  const server: Server
  const options: JwtBearerOptions
  const secret: Uint8Array
  const token: string
  const orders: readonly Order[]
  function isRevoked(id: string | undefined): Promise<boolean>
  function findOrder(id: unknown): Promise<Order>
  function findKey(id: string | undefined): Promise<IssuerSigningKey | undefined>
}`

const session = `
import type { TokenResponse } from 'express-jwt-bearer/session'
declare global {
  function askIssuer(path: string, body: unknown): Promise<TokenResponse | undefined>
}`

const issuer = `
declare global {
  function checkPassword(body: unknown): Promise<{ id: string; roles: string[] } | undefined>
}
export {}`

const tokens = `
import type { UserFetch, UserKey, UserTokenStore } from 'express-jwt-bearer/tokens'
import type { AuthorizationCodeGrantChecks } from 'openid-client'
import 'express-session'
declare module 'express-session' {
  interface SessionData { user?: UserKey; checks?: AuthorizationCodeGrantChecks }
}
declare global {
  const ordersApi: UserFetch
  const job: { readonly user: UserKey }
  function createMyStore(): UserTokenStore
}`

// The one package that readers need and this package does not.
const cors = `
declare module 'cors' {
  export default function cors(): import('express').RequestHandler
}`

// The store whose contract is shown.
const myStore = `export { createMemoryRefreshStore as createMyStore } from 'express-jwt-bearer/issuer'`

// The tools that an MCP server has.
const tools = `export { createServer } from '../../../examples/mcp-server/tools.js'`

export const surroundings: ReadonlyMap<string, string> = new Map([
  ['guides/core.d.ts', core],
  ['guides/session.d.ts', session],
  ['guides/issuer.d.ts', issuer],
  ['guides/tokens.d.ts', tokens],
  ['guides/cors.d.ts', cors],
  ['guides/accounts/my-store.ts', myStore],
  ['guides/mcp-server/tools.ts', tools],
])
